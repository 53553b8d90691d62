"""Stage mine: the best of the doubtful positives and the hardest candidates, by miners that never heard them."""

import stage

from chorus import embeddings, mining, paths
from chorus.files import read_csv, write_csv, write_json, write_text
from chorus.miner import fit_miner
from chorus.options import parse
from chorus.reports.mining import draw_pool
from chorus.training import HeadOptions, save_head

IN_FULL = 17  # digits: cut-offs are compared with the scores of a pool


def main() -> None:
    head = parse(HeadOptions, stage.params("mine.head"), section="mine.head")
    clips, known = read_csv(paths.SPLITS), embeddings.read(paths.EMBEDDINGS)
    records = {}
    for name, kind in mining.KINDS.items():
        section = f"mine.{name}s"
        options = parse(kind.options, stage.params(section), section=section)
        seed, encoder = options.seed, known.encoder_id
        miner = fit_miner(clips, known, options.composition, head, seed)
        weights = save_head(
            miner.trained, paths.MINERS / name, encoder_id=encoder, options=head, seed=seed
        )
        pool = miner.rank(known, kind.pool(clips, miner.heard))
        subsets, rules = kind.pick(pool, options), kind.rules(pool, options)
        about = miner.about | {"weights_sha256": weights}
        record = mining.record(kind.source, pool, subsets, rules, about, miner.note)
        records[name] = record
        for subset, picked in subsets.items():
            write_csv(paths.SUBSETS / name / f"{subset}.csv", picked)
            print(f"{subset:<24} {len(picked):>6} clips")
        write_csv(paths.SUBSETS / name / "pool" / "scores.csv", pool, digits=IN_FULL)
        draw_pool(pool, record, name, paths.PLOTS / "subsets" / f"{name}.png")
        stage.note(filter(None, [record["note"]]))
    write_json(paths.SUBSETS_METRICS, records)
    write_text(paths.METRICS / "subsets.md", mining.describe(records))


if __name__ == "__main__":
    stage.run(main)
