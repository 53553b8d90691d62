"""The errors that a user can cause, and therefore gets explained in one line."""

from __future__ import annotations

import errno
import re

# Whose errors are about the repository, the disk or the network, and no bugs of ours. By name: importing them costs.
_THEIRS = {
    "pygit2": "git",
    "_pygit2": "git",
    "scmrepo": "git",
    "dulwich": "git",
    "git": "git",
    "dvc": "DVC",
    "dvc_data": "DVC",
    "dvc_objects": "DVC",
    "configobj": "DVC's settings",
    "zc": "DVC's lock",
    "kombu": "DVC's queue",
    "celery": "DVC's queue",
    "botocore": "the storage",
    "aiobotocore": "the storage",
    "s3fs": "the storage",
    "aiohttp": "the storage",
    "yaml": "YAML",
    "ruamel": "YAML",
}
_OF_THE_MACHINE = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EMFILE,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.EEXIST,
    errno.ENOTDIR,
}
_TRUST = "git config --global --add safe.directory FOLDER, if you trust whose it is"
_REMEDIES = {
    "not owned by current user": _TRUST,
    "is not owned by": _TRUST,
    "dubious ownership": _TRUST,
    "Unable to acquire lock": "another DVC command is running here: wait for it",
    "not inside of a DVC repository": "run this in the folder of a study",
}
_KEYS = (  # of an address: before the host, and in a signed one behind it
    (re.compile(r"://[^\s'\"<>]+@"), "://...@"),
    (
        re.compile(
            r"(?i)([?&](?:x-amz-[a-z-]+|sig|signature|token|awsaccesskeyid|key)=)[^&\s'\"<>]+"
        ),
        r"\1...",
    ),
)
_LONGEST = 400  # characters of a foreign error's text


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


def without_keys(text: str) -> str:
    """A text without what addresses in it hold of passwords and keys: it may end in a log that others read."""
    for pattern, instead in _KEYS:
        text = pattern.sub(instead, text)
    return text


def one_line(error: Exception) -> str | None:
    """What a person is told of an error of ours, of git, DVC, a storage, the machine or an encoding.

    None: it may be a bug of ours, and keeps its traceback.
    """
    if isinstance(error, ChorusError):
        return without_keys(str(error))
    # Cut only when the keys are out: half an address would no longer be known as one that holds a key.
    text = without_keys(" ".join(str(error).split()))[:_LONGEST]
    if isinstance(error, RecursionError):
        return "something is nested too deeply, or holds itself: a list in params.yaml?"
    # Before the kinds: for these there is something to do, whoever raised them.
    for words, remedy in _REMEDIES.items():
        if words in text:
            return f"{text}: {remedy}"
    if isinstance(error, UnicodeDecodeError):
        return f"a text file is not in UTF-8 (byte {error.object[error.start]:#x} at {error.start}): save it as UTF-8"
    if isinstance(error, UnicodeEncodeError):
        return f"{error.object[error.start : error.end]!r} cannot be written in {error.encoding}: try LC_ALL=C.UTF-8"
    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        if not error.filename:
            return str(error.strerror)
        return f"{error.strerror}: {error.filename}"
    for kind in type(error).__mro__:
        if source := _THEIRS.get(kind.__module__.partition(".")[0]):
            return f"{source}: {text or type(error).__name__}"
    return None
