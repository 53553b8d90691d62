"""What only the study of accents needs."""
