"""A detector in the formats of other programs."""
