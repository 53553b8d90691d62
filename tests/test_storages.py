"""Whether something is there, on this machine or on a storage."""

from __future__ import annotations

import pytest

from chorus.places import place
from chorus.sharing.server import BUCKET
from chorus.storages import is_file
from end_to_end.sharing import free_port, storage


def test_what_is_not_there_is_told_from_a_storage_that_does_not_answer(tmp_path, monkeypatch):
    from botocore.exceptions import EndpointConnectionError
    from s3fs import S3FileSystem

    (tmp_path / "a.txt").write_text("sound")
    assert is_file(tmp_path / "a.txt") and not is_file(tmp_path) and not is_file(tmp_path / "b")
    with storage(tmp_path / "s3"):
        bucket = place(f"s3://{BUCKET}")
        (bucket / "season/a.txt").write_bytes(b"sound")
        assert is_file(bucket / "season/a.txt")
        assert not is_file(bucket / "season") and not is_file(bucket / "season/b.txt")
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        S3FileSystem.clear_instance_cache()
        with pytest.raises(EndpointConnectionError):
            is_file(place(f"s3://{BUCKET}/season/a.txt"))
