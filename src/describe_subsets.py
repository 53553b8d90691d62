"""Stage describe_subsets: what the mined subsets are and how they were gathered, in words, numbers and pictures."""

import stage

from chorus import mining, pictures
from chorus.files import read_csv, read_json, write_json, write_text


def main() -> None:
    records = {}
    for kind in ("positive", "negative"):
        pool = stage.SUBSETS / kind / "pool"
        records[kind] = read_json(pool / "record.json")
        pictures.draw_score_distribution(
            read_csv(pool / "scores.csv")["score"].astype(float).to_numpy(),
            cutoffs={name: s["lowest_score"] for name, s in records[kind]["subsets"].items() if s["clips"]},
            path=stage.PLOTS / "subsets" / f"{kind}.png",
            heading=f"{kind.capitalize()} mining: {records[kind]['clips_scored']} clips scored",
            xlabel="miner's score of the clip",
        )
    write_json(stage.METRICS / "subsets.json", records)
    write_text(stage.METRICS / "subsets.md", mining.describe(records))


if __name__ == "__main__":
    stage.run(main)
