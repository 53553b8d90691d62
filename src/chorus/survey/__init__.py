"""The survey: recordings, or the synthetic demo, as audio shards and a table of clips."""

from chorus.survey.assumptions import assumptions_in_words, check_nights, nights_to_come
from chorus.survey.options import SurveyOptions
from chorus.survey.packing import BuiltSurvey, ClipSource, Earlier, build, remember
from chorus.survey.recordings import RecordedClip, user_sources
from chorus.survey.summary import in_words, summarise
from chorus.survey.table import ClipTable, read_clip_table

__all__ = [
    "BuiltSurvey",
    "ClipSource",
    "ClipTable",
    "Earlier",
    "RecordedClip",
    "SurveyOptions",
    "assumptions_in_words",
    "build",
    "check_nights",
    "in_words",
    "nights_to_come",
    "read_clip_table",
    "remember",
    "summarise",
    "user_sources",
]
