"""What people look at: the report of a grid and the health of a run, as pages that need nothing else, in one style."""
