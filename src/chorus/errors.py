"""The errors that a user can cause, and therefore gets explained in one line."""


class ChorusError(Exception):
    """Base of every error of ours: its text is one sentence for the user, shown without a traceback."""


class ParameterError(ChorusError):
    """A parameter is unknown or has an impossible value. The text names key, value and what is allowed."""


class DataError(ChorusError):
    """The recordings or a table made from them cannot be used as they are."""


class LeakageError(ChorusError):
    """The same recordings would serve both to train and to judge. The text names the offending clips."""


class ModelError(ChorusError):
    """A model file is missing, damaged, or does not fit the data it is used with."""
