"""A real S3 server on this machine, to try sharing with: python src/s3.py [--port 9100] [--folder .s3]

Runs until Ctrl-C; what was pushed to it is there again at the next start.
"""

import argparse
import signal
from pathlib import Path

import stage

from chorus.sharing.server import BUCKET, S3Server

MESSAGE = """An S3 server runs at {endpoint}; Ctrl-C ends it. In another terminal, type in each clone:

  dvc remote add --local -d local s3://{bucket}/dvc
  dvc remote modify --local local endpointurl {endpoint}
  dvc remote modify --local local credentialpath {credentials}
  dvc remote modify --local local verify true

Then dvc push, and in another clone dvc pull. What else there is to it: docs/sharing.md"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9100, help="on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path(".s3"), help="for its objects (default: %(default)s)")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that no server stays behind
    with S3Server(arguments.folder, arguments.port) as server:
        print(MESSAGE.format(endpoint=server.endpoint, bucket=BUCKET, credentials=server.credentials), flush=True)
        try:
            server.wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    stage.run(main)
