"""The command `chorus` of some checkout in a copy of a prepared process: `python typed_chorus.py SOURCE ARGUMENT...`.

It is `PYTHONPATH=SOURCE python -m chorus`, whose environment would want a prepared process for each checkout.
"""

from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    source = sys.argv.pop(1)
    sys.path[0] = source
    os.environ["PYTHONPATH"] = source
    from chorus.commands import main

    main()
