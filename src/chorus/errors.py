"""The errors that a user can cause, and therefore gets explained in one line."""

import errno


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


# Of the libraries behind data and history, every error tells of a state of a repository, a server or a disk.
_LIBRARIES = (
    "dvc",
    "dvc_data",
    "dvc_objects",
    "scmrepo",
    "pygit2",
    "_pygit2",
    "dulwich",
    "botocore",
    "aiobotocore",
    "s3fs",
)
_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.EIO}
_REMEDIES = {
    "is not owned by": "git config --global --add safe.directory FOLDER, if you trust it",
    "dubious ownership": "git config --global --add safe.directory FOLDER, if you trust it",
    "Unable to acquire lock": "another DVC command is running here: wait for it",
    "not inside of a DVC repository": "run this in the folder of a study",
}


def in_a_sentence(error: Exception) -> str | None:
    """One line for an error of DVC, git, S3 or the machine's disk; None for any other, which is a bug of ours."""
    modules = {kind.__module__.split(".")[0] for kind in type(error).__mro__}
    machine = isinstance(error, OSError) and error.errno in _MACHINE
    if not machine and modules.isdisjoint(_LIBRARIES):
        return None
    text = " ".join(str(error).split()) or type(error).__name__
    remedies = [remedy for words, remedy in _REMEDIES.items() if words in text]
    return f"{text[:400]} ({remedies[0]})" if remedies else text[:400]
