"""Stage mine_positives: the best of the low-quality training positives, by a miner that never heard them."""

import stage

from chorus import detector, embeddings, mining
from chorus.files import read_csv
from chorus.options import parse
from chorus.training import HeadOptions, save_head


def main() -> None:
    options = parse(mining.PositiveMiningOptions, stage.params("mine.positives"), section="mine.positives")
    head = parse(HeadOptions, stage.params("mine.head"), section="mine.head")
    clips, known = read_csv(stage.SPLITS), embeddings.read(stage.EMBEDDINGS)
    miner = detector.fit_miner(clips, known, options.composition, head, options.seed)
    weights = save_head(
        miner.trained, stage.POSITIVE_MINER, encoder_id=known.encoder_id, options=head, seed=options.seed
    )
    pool = miner.rank(known, mining.positive_pool(clips, miner.heard))
    subsets = mining.pick_top(pool, options)
    source = "The low-quality positives of the training split, none of which the miner heard."
    rules = mining.top_rules(pool, options)
    record = mining.record(source, pool, subsets, rules, miner.about | {"weights_sha256": weights}, miner.note)
    stage.write_mining("positive", pool, subsets, record)


if __name__ == "__main__":
    stage.run(main)
