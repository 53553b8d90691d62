"""The study of speech: is there a human voice in a short clip? Asked of an audio language model."""
