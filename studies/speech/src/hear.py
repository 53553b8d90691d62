"""Stage hear: what a model hears of every variant of test and holdout, and what the base alone says of it."""

import stage

from speech import study


def main() -> None:
    given = study.read(stage.params)
    base = given.base()
    # Neither depends on an adapter: a grid of adapters hears, and asks the base, once.
    asked = given.variants(base)
    margins = given.margins(base, asked.heard)
    rows = asked.rows.assign(configuration="base", seed=0, margin=margins)
    study.write_heard(asked.heard, rows)
    print(f"{len(rows)} variants of {rows['clip_id'].nunique()} clips")


if __name__ == "__main__":
    stage.run(main)
