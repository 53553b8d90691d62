"""The survey: recordings, or the synthetic demo, as audio shards and a table of clips."""

from chorus.survey.options import SurveyOptions
from chorus.survey.packing import BuiltSurvey, ClipSource, build
from chorus.survey.recordings import RecordedClip, user_sources
from chorus.survey.remarks import check_nights, say
from chorus.survey.summary import summarise
from chorus.survey.table import ClipTable, read_clip_table

__all__ = [
    "BuiltSurvey",
    "ClipSource",
    "ClipTable",
    "RecordedClip",
    "SurveyOptions",
    "build",
    "check_nights",
    "read_clip_table",
    "say",
    "summarise",
    "user_sources",
]
