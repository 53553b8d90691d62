"""Training health: what to measure while a head learns, and what the measurements mean."""
