"""The survey: recordings, or the synthetic demo, as audio shards and a table of clips."""

from chorus.survey.assumptions import assumptions_in_words, check_nights, nights_to_come
from chorus.survey.clip_table import ClipTable, read_clip_table
from chorus.survey.options import SurveyOptions
from chorus.survey.packing import BuiltSurvey, ClipSource, Earlier, build, remember
from chorus.survey.recordings import RecordedClip, user_sources
from chorus.survey.summary import summarise, tally

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
    "nights_to_come",
    "tally",
    "read_clip_table",
    "remember",
    "summarise",
    "user_sources",
]
