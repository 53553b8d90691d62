"""The detector on recordings of any length: where it hears something, how sure it is, and when that was."""
