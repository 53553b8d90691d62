"""Stage mine: the best of the doubtful positives and the hardest candidates, by miners that never heard them."""

from typing import Any

import stage

import pandas as pd

from chorus import embeddings, mining, paths, pictures
from chorus.files import read_csv, write_csv, write_json, write_text
from chorus.miner import fit_miner
from chorus.options import parse
from chorus.training import HeadOptions, save_head


def main() -> None:
    head = parse(HeadOptions, stage.params("mine.head"), section="mine.head")
    clips, known = read_csv(paths.SPLITS), embeddings.read(paths.EMBEDDINGS)
    records = {}
    for name, kind in mining.KINDS.items():
        section = f"mine.{name}s"
        options = parse(kind.options, stage.params(section), section=section)
        miner = fit_miner(clips, known, options.composition, head, options.seed)
        weights = save_head(
            miner.trained,
            paths.MINERS / name,
            encoder_id=known.encoder_id,
            options=head,
            seed=options.seed,
        )
        pool = miner.rank(known, kind.pool(clips, miner.heard))
        subsets = kind.pick(pool, options)
        rules = kind.rules(pool, options)
        about = miner.about | {"weights_sha256": weights}
        records[name] = mining.record(kind.source, pool, subsets, rules, about, miner.note)
        write(name, pool, subsets, records[name])
    write_json(paths.SUBSETS_METRICS, records)
    write_text(paths.METRICS / "subsets.md", mining.describe(records))


def write(
    kind: str, pool: pd.DataFrame, subsets: dict[str, pd.DataFrame], record: dict[str, Any]
) -> None:
    """A CSV a subset, in pool/ all scores, and a picture of them with the subsets' cut-offs."""
    for name, subset in subsets.items():
        write_csv(paths.SUBSETS / kind / f"{name}.csv", subset)
        print(f"{name:<24} {len(subset):>6} clips")
    stage.note(filter(None, [record["note"]]))
    write_csv(
        paths.SUBSETS / kind / "pool" / "scores.csv", pool, digits=17
    )  # in full: cut-offs are compared with them
    pictures.draw_score_distribution(
        pool["score"].astype(float).to_numpy(),
        cutoffs={
            name: about["lowest_score"]
            for name, about in record["subsets"].items()
            if about["clips"]
        },
        path=paths.PLOTS / "subsets" / f"{kind}.png",
        heading=f"{kind.capitalize()} mining: {record['clips_scored']} clips scored",
        xlabel="miner's score of the clip",
    )


if __name__ == "__main__":
    stage.run(main)
