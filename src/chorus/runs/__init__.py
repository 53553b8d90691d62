"""Anybody's table of runs: read, compared, and judged by `chorus.statistics`."""
