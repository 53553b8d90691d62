"""The demo survey: a synthetic stand-in for the reference study's recordings. Every sound in it is computed."""

from chorus.demo.planning import DemoOptions, PlannedClip, plan

__all__ = ["DemoOptions", "PlannedClip", "plan"]
