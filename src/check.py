"""Check all of params.yaml before any work is done: a typing error in the last section need not cost an hour."""

import stage
from chorus.composition import ComposeOptions
from chorus.encoders import EncodeOptions
from chorus.evaluation import EvaluateOptions
from chorus.mining import NegativeMiningOptions, PositiveMiningOptions
from chorus.options import parse
from chorus.splits import SplitOptions
from chorus.survey import SurveyOptions
from chorus.training import HeadOptions

SECTIONS = {
    "survey": SurveyOptions,
    "split": SplitOptions,
    "encode": EncodeOptions,
    "mine.positives": PositiveMiningOptions,
    "mine.negatives": NegativeMiningOptions,
    "mine.head": HeadOptions,
    "compose": ComposeOptions,
    "train": HeadOptions,
    "evaluate": EvaluateOptions,
}


def main() -> None:
    stage.seed()
    for section, options in SECTIONS.items():
        parse(options, stage.params(section), section=section)
    stage.refuse_unknown(SECTIONS)


if __name__ == "__main__":
    stage.run(main)
