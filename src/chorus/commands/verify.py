"""Is the data what the commit says, byte for byte?

DVC trusts the names of the objects in its cache and on a remote; this reads them. With --repair, what is damaged here
is thrown away (dvc pull brings it again), and what is missing or damaged on the remote is uploaded again from here.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from chorus.errors import DataError
from chorus.sharing.integrity import Object, State, Store, faults
from chorus.terminal import progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of what, where, and whether to mend it."""
    parser.add_argument(
        "--remote", nargs="?", const="", metavar="NAME", help="also read the (default) remote"
    )
    parser.add_argument(
        "--repair", action="store_true", help="throw away what is damaged here; upload again"
    )
    parser.add_argument(
        "--rev", default="", help="a commit or an experiment (default: the files as they are now)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Read every object, here and perhaps there.

    Raises:
        DataError: some are damaged or missing, and stay so.
    """
    with Store(arguments.remote or "") as store:
        objects = store.objects(arguments.rev)
        with progress("this machine", len(objects), "object") as advance:
            here = store.here(objects, advance)
        whole, damaged = faults(here, "whole"), faults(here, "damaged")
        print(f"on this machine: {summary(here, missing='not here')}")
        left = show("damaged here", damaged)
        if arguments.repair and damaged:
            store.discard(damaged)
            left -= show("thrown away; dvc pull brings it", damaged)
        if arguments.remote is not None:
            with progress("the remote", len(objects), "object") as advance:
                there = store.there(objects, advance)
            # Only what is whole here is uploaded: a damaged object there would be replaced by a damaged one.
            wrong = faults(there, "damaged") + faults(there, "missing")
            print(f"on the remote: {summary(there, missing='missing')}")
            left += show("damaged on the remote", faults(there, "damaged"))
            left += show("missing on the remote", faults(there, "missing"))
            if arguments.repair:
                uploaded = [item for item in wrong if item in whole]
                store.upload(uploaded)
                left -= show(
                    "uploaded again", faults(store.there(uploaded, lambda _: None), "whole")
                )
    if left == 1:
        raise DataError(f"1 object is damaged or missing: {remedy(arguments)}")
    if left:
        raise DataError(f"{left} objects are damaged or missing: {remedy(arguments)}")


def summary(states: Mapping[Object, State], missing: str) -> str:
    """How many objects are in which state, the states that occur."""
    whole = len(faults(states, "whole"))
    if whole == len(states):
        return f"all {whole} objects are whole"
    told = [f"{whole} of {len(states)} objects are whole"]
    if damaged := faults(states, "damaged"):
        told.append(f"{len(damaged)} damaged")
    if absent := faults(states, "missing"):
        told.append(f"{len(absent)} {missing}")
    return ", ".join(told)


def remedy(arguments: argparse.Namespace) -> str:
    """What to type next, and where."""
    command = "chorus verify"
    if arguments.remote is not None:
        command += f" --remote {arguments.remote}".rstrip()
    command += " --repair"
    if arguments.rev:
        command += f" --rev {arguments.rev}"
    if arguments.remote is None:
        return f"{command} throws away what is damaged, then dvc pull"
    # What --repair could not mend, it cannot mend here: the whole object lies on another machine, if anywhere.
    if arguments.repair:
        return f"{command} on a machine that has it whole"
    return f"{command}, here or where it is whole"


def show(what: str, objects: list[Object]) -> int:
    """One line an object; returns how many."""
    for item in objects:
        print(f"{what}: {' = '.join(item.paths)} ({item.name})")
    return len(objects)
