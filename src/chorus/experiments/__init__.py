"""Many runs of one pipeline: plan a grid, run it as DVC experiments, collect and rank. The only part that knows DVC."""
