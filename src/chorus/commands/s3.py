"""A real S3 server on this machine, to try sharing with.

Runs until Ctrl-C; what was pushed to it is there again at the next start.
"""

from __future__ import annotations

import argparse
import signal
from pathlib import Path

from chorus.sharing.server import BUCKET, S3Server

MESSAGE = """An S3 server runs at {endpoint}; Ctrl-C ends it. In another terminal, type in each clone:

  dvc remote add --local -d local s3://{bucket}/dvc
  dvc remote modify --local local endpointurl {endpoint}
  dvc remote modify --local local credentialpath {credentials}
  dvc remote modify --local local verify true

Then chorus push, and in another clone chorus pull. What else there is to it: docs/sharing.md"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens, and keeps what it is given."""
    parser.add_argument(
        "--port", type=int, default=9100, help="on 127.0.0.1 (default: %(default)s)"
    )
    parser.add_argument(
        "--folder", type=Path, default=Path(".s3"), help="for its objects (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Serve until somebody ends it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no server stays behind
    with S3Server(arguments.folder, arguments.port) as server:
        print(
            MESSAGE.format(endpoint=server.endpoint, bucket=BUCKET, credentials=server.credentials),
            flush=True,
        )
        try:
            server.wait()
        except KeyboardInterrupt:
            print()
