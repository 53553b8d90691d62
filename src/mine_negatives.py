"""Stage mine_negatives: the candidates that a miner takes for the target most firmly."""

import stage

from chorus import detector, embeddings, mining
from chorus.files import read_csv
from chorus.options import parse
from chorus.training import HeadOptions, save_head


def main() -> None:
    options = parse(mining.NegativeMiningOptions, stage.params("mine.negatives"), section="mine.negatives")
    head = parse(HeadOptions, stage.params("mine.head"), section="mine.head")
    clips, known = read_csv(stage.SPLITS), embeddings.read(stage.EMBEDDINGS)
    miner = detector.fit_miner(clips, known, options.composition, head, options.seed)
    weights = save_head(
        miner.trained, stage.NEGATIVE_MINER, encoder_id=known.encoder_id, options=head, seed=options.seed
    )
    pool = miner.rank(known, mining.negative_pool(clips, miner.heard))
    subsets = mining.pick_hard(pool, options)
    source = "The survey's candidates: clips without the target, from recorders outside all splits."
    rules = mining.hard_rules(options)
    record = mining.record(source, pool, subsets, rules, miner.about | {"weights_sha256": weights}, miner.note)
    stage.write_mining("negative", pool, subsets, record)


if __name__ == "__main__":
    stage.run(main)
