"""Stage corpus: the corpora as shards of FLAC and one table of samples; what cannot be used, and what maps nowhere."""

from pathlib import Path

import stage

from accents import demo, regions, summary
from accents.options import CorpusOptions
from chorus import parallel, quarantine
from chorus.files import replacing_folder, write_csv, write_json
from chorus.options import parse
from chorus.paths import METRICS
from chorus.terminal import progress
from chorus.voices import corpora, packing

CORPUS = Path("data/corpus")


def main() -> None:
    options = parse(CorpusOptions, stage.params("corpus"), section="corpus")
    synthetic = options.folder == "demo"
    if synthetic:
        print("the demo corpus is synthetic: its voices are computed, nobody was recorded")
        found = demo.plan(options.demo)
    else:
        stage.refuse_inside(Path(options.folder), CORPUS, "corpus.folder")
        found = corpora.read(Path(options.folder))
    table = regions.read_regions(Path("regions"), options.classes)
    placed, nowhere = regions.classify(found, table)
    total = len(placed.utterances)
    with replacing_folder(CORPUS) as out, progress("hearing", total, "utterance") as advance:
        packed = packing.pack(
            placed.utterances, out, options.cuts, workers=parallel.cores(), progress=advance
        )
        rejected = quarantine.join(
            packing.rejections(placed.rejected, placed.left_out), packed.quarantine
        )
        write_csv(out / "samples.csv", packed.table)
        write_csv(out / "quarantine.csv", rejected)
        write_csv(out / "of_no_class.csv", nowhere)
    write_json(
        METRICS / "corpus.json",
        summary.summarise(packed.table, rejected, nowhere, synthetic=synthetic),
    )
    for sentence in summary.in_words(packed.table, rejected, nowhere):
        print(sentence)
    # Last: who is refused will want to read the quarantine.
    packing.check_share(rejected, len(packed.table), options.max_quarantined_share)


if __name__ == "__main__":
    stage.run(main)
