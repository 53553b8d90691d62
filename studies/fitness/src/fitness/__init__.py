"""What is this study's own: its records, its built-in demo set, pairs that do not fit, and the submission."""
