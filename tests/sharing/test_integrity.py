"""How objects on a remote are looked at."""

from __future__ import annotations

import threading

from s3fs import S3FileSystem

from chorus.sharing.integrity import Store
from end_to_end.sharing import URL, storage
from folder import Folder, default_remote

FILES = [f"{number}.txt" for number in range(9)]  # more than there are threads that look


def test_threads_that_look_at_objects_share_a_connection(tmp_path, monkeypatch):
    """In the second look too, before which the server is not asked anew whether it answers."""
    connected = []
    connect = S3FileSystem.connect

    def connecting(*given, **options):
        connected.append(threading.current_thread())
        return connect(*given, **options)

    study = Folder(tmp_path / "study")
    study.folder.mkdir()
    study.git_init()
    study.dvc_init(default_remote(URL))
    for name in FILES:
        (study.folder / name).write_text(name)
    study.run("dvc", "add", "-q", *FILES)
    monkeypatch.chdir(study.folder)
    monkeypatch.setattr(S3FileSystem, "connect", connecting)
    with storage(tmp_path / "s3"), Store() as store:
        assert len(store.push(store.objects())) == len(FILES)
    assert set(connected) == {threading.main_thread()}
