"""A headless Chromium by the W3C's WebDriver protocol: what Debian's packages chromium and chromium-driver give."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DRIVER = next(filter(None, map(shutil.which, ("chromedriver", "chromium.chromedriver"))), None)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
needs_browser = pytest.mark.skipif(
    not (DRIVER and CHROMIUM), reason="no Chromium here: apt-get install chromium chromium-driver"
)
BACKSPACE, SPACE = "\ue003", " "
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--mute-audio",
)


class Browser:
    """A window of a browser."""

    def __init__(self, address: str) -> None:
        self._address = address

    def open(self, page: Path) -> None:
        self._post("url", {"url": page.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script of the page returns."""
        return self._post("execute/sync", {"script": script, "args": list(arguments)})

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the page has its focus."""
        moves = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("actions", {"actions": [{"type": "key", "id": "keyboard", "actions": moves}]})

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)

    def type(self, selector: str, text: str) -> None:
        self.run("document.querySelector(arguments[0]).focus()", selector)
        self.press(*text)
        self.run("document.activeElement.blur()")

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def resize(self, width: int, height: int) -> None:
        """The page's width, as a phone's emulated."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
        self._post(
            "goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics}
        )

    def picture(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._post("screenshot")))

    def _post(self, command: str, content: Any = None) -> Any:
        return _ask(f"{self._address}/{command}", content)


@contextmanager
def browser(downloads: Path) -> Iterator[Browser]:
    """A browser that writes what it downloads into a folder."""
    port = _free_port()
    driver = subprocess.Popen(
        [str(DRIVER), f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://127.0.0.1:{port}/session"
    try:
        options = {
            "binary": CHROMIUM,
            "args": [*_FLAGS, f"--user-data-dir={downloads / 'profile'}"],
            "prefs": {
                "download.default_directory": str(downloads),
                "download.prompt_for_download": False,
            },
        }
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        session = f"{address}/{_ask(address, wanted, patience=60)['sessionId']}"
        try:
            yield Browser(session)
        finally:
            urllib.request.urlopen(
                urllib.request.Request(session, method="DELETE"), timeout=30
            ).close()
    finally:
        driver.terminate()
        driver.wait(30)


def wait_for(path: Path, patience: float = 20) -> Path:
    """A copy of a file that a browser is downloading: a browser that is closed at once may take its own back."""
    until = time.monotonic() + patience
    while not (path.is_file() and path.stat().st_size):
        assert time.monotonic() < until, (
            f"no {path.name} among {sorted(one.name for one in path.parent.iterdir())}"
        )
        time.sleep(0.1)
    return Path(shutil.copy(path, path.with_name(f"kept_{path.name}")))


def _ask(address: str, content: Any = None, patience: float = 0) -> Any:
    """The value of an answer; asked again until somebody listens there."""
    method = "GET" if content is None else "POST"
    data = None if content is None else json.dumps(content).encode()
    until = time.monotonic() + patience
    while True:
        request = urllib.request.Request(
            address, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"the browser refuses: {error.read().decode()[:400]}") from None
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
