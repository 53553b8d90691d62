"""Labels that people made in other programs, as rows of clips.csv; nothing of them is lost in silence."""

from chorus.labels.collect import Collected, Wishes, collect
from chorus.labels.formats import FORMATS
from chorus.labels.marks import Mark, Refused
from chorus.labels.starter import starter_table

__all__ = ["FORMATS", "Collected", "Mark", "Refused", "Wishes", "collect", "starter_table"]
