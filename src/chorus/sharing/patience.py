"""A remote that does not answer: it is not waited for without end, nor taken for one that has no objects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from botocore.exceptions import HTTPClientError
from dvc_s3 import S3FileSystem
from fsspec.asyn import sync
from fsspec.exceptions import FSTimeoutError

from chorus.errors import ChorusError, without_keys

# Seconds for one request, unless the remote's options say otherwise.
_LIMITS = {"connect_timeout": 10, "read_timeout": 30}
# S3's libraries ask again, botocore each time that s3fs does: five times five read timeouts, of one request.
# Two of botocore, which alone knows what else is worth asking again.
_ATTEMPTS = {"total_max_attempts": 2}
_NO_SUCH_OBJECT = (404, 410)
_NETWORK = "is the server up, and this machine on the network?"


def limit_waiting() -> None:
    """Have DVC wait for an S3 server as long as the remote's options say, or `_LIMITS`, in this process.

    Where the options say nothing, DVC hands "no limit" to S3's libraries, in place of their own limits. A server that
    falls silent in the middle of a transfer is given up after ten read timeouts: the first request that fails ends it.
    """
    if S3FileSystem._prepare_credentials is not _prepare_with_limits:
        S3FileSystem._prepare_credentials = _prepare_with_limits


def refuse_silent(remote: str, files: Any, path: str) -> None:
    """Ask an S3 or HTTP server for a first answer, whatever it is.

    The time is that of one request: within it, S3's libraries ask again and again where a connection fails.

    Args:
        remote: what it is called.
        files: its file system, of DVC.
        path: its bucket, or its address.

    Raises:
        ChorusError: there is no answer in time, or no connection.
        Exception: of S3's libraries, when the server refuses.
    """
    ask: Callable[[Any, str], Awaitable[None]]
    if files.protocol == "s3":
        ask, limits = _list, files.fs_args["config_kwargs"]
    else:
        ask, limits = _get, files.fs_args["client_kwargs"]
    seconds = sum(limits[option] for option in _LIMITS)
    try:
        sync(files.fs.loop, ask, files.fs, path, timeout=seconds)
    except FSTimeoutError:
        raise ChorusError(
            f"the remote {remote} does not answer within {seconds:g} s, or closes every connection: {_NETWORK}"
            " (a slow one: dvc remote modify NAME read_timeout SECONDS)"
        ) from None
    except (aiohttp.ClientConnectionError, ConnectionError, HTTPClientError) as error:
        raise ChorusError(
            f"the remote {remote} cannot be used: {_reason(error)}: {_NETWORK}"
        ) from None


def refuse_unanswered(error: FileNotFoundError) -> None:
    """Tell "no such object" from "no answer": over HTTP, whatever goes wrong arrives as a missing file.

    Raises:
        ChorusError: the server has not said that there is no such object.
    """
    # fsspec wraps one in another, with the answer of the server at the bottom.
    cause: BaseException | None = error
    while isinstance(cause, FileNotFoundError):
        cause = cause.__cause__
    if isinstance(cause, aiohttp.ClientResponseError) and cause.status not in _NO_SUCH_OBJECT:
        raise ChorusError(
            f"the remote cannot be used: the server answers {cause.status} {cause.message}"
        ) from None
    if isinstance(
        cause, (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, asyncio.TimeoutError)
    ):
        raise ChorusError(f"the remote does not answer ({_reason(cause)}): {_NETWORK}") from None


def _reason(error: BaseException) -> str:
    return without_keys(" ".join(str(error).split())) or type(error).__name__


_prepare = S3FileSystem._prepare_credentials


def _prepare_with_limits(files: S3FileSystem, **options: Any) -> Any:
    prepared = _prepare(files, **(_LIMITS | options))
    prepared["config_kwargs"].setdefault("retries", _ATTEMPTS)
    return prepared


async def _list(files: Any, bucket: str) -> None:
    await files._call_s3("list_objects_v2", Bucket=bucket, MaxKeys=1)


async def _get(files: Any, url: str) -> None:
    session = await files.set_session()
    async with session.get(files.encode_url(url), **files.kwargs):
        pass
