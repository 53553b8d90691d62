"""False positives of two tests where rows come in clusters, and nothing is to be found.

    python benchmarks/clusters.py [--simulations 2000]

Two classifiers of the same skill answer variants of clips (`chorus.statistics.cluster_honesty`). Nominal: 5 %. Standard
error of the shares: 0.5 points with 2,000 simulations.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

import chorus  # noqa: F401  # chooses kernels, before NumPy is loaded

# isort: split
from chorus.statistics.cluster_honesty import clustered_false_positives

DESIGNS = ((24, 48), (24, 22), (100, 22), (970, 22), (100, 1))  # clips, variants of each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--simulations", type=int, default=2000)
    simulations = parser.parse_args().simulations
    print("clips  variants  McNemar by rows  clusters exchanged  clusters drawn")
    for clusters, variants in DESIGNS:
        found = clustered_false_positives(
            clusters=clusters, variants=variants, simulations=simulations, seed=1
        )
        print(
            f"{clusters:>5}  {variants:>8}  {found.naive:>15.1%}  {found.permutation:>18.1%}"
            f"  {found.bootstrap:>14.1%}"
        )


if __name__ == "__main__":
    main()
