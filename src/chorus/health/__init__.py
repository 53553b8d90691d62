"""Training health: signals of a training, what they mean, and what to do. Nothing here needs torch."""
