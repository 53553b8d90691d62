"""The encoder adapted to texts without scores: SimCSE (Gao, Yao & Chen 2021, arXiv:2104.08821).

A text is its own positive, seen twice through dropout; the other texts of its batch are the negatives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from chorus.encoders import texts as encoder
from chorus.errors import DataError
from chorus.files import replacing_folder
from chorus.options import options
from chorus.seeds import derive

FOLDER = Path("models/encoder")


@options
class TuneOptions:
    """steps: of a batch each; 0: the encoder is used as it is (the report: 3 epochs, batch 64, learning rate 2e-5).
    include_test: also the texts of the test set, without scores: then what is said of it is transductive.
    seed: of dropout and of the order of texts; a grid over `seed` does not tune again.
    """

    steps: Annotated[int, Field(ge=0)] = 0
    batch_size: Annotated[int, Field(ge=2)] = 64
    learning_rate: Annotated[float, Field(gt=0)] = 2e-5
    max_tokens: Annotated[int, Field(ge=8, le=512)] = 64
    include_test: bool = False
    seed: Annotated[int, Field(ge=0)] = 1


def tuning_texts(
    parts: Mapping[str, pd.DataFrame], texts: pd.DataFrame, options: TuneOptions
) -> list[str]:
    """The texts that the encoder may see: those of the training records, and with `include_test` of the test records.

    Without it, a text that is also in the test set is left out.
    """
    used = set(parts["train"]["text_id"])
    used = (
        used | set(parts["test"]["text_id"])
        if options.include_test
        else used - set(parts["test"]["text_id"])
    )
    return list(texts.loc[texts["text_id"].isin(used), "text"])


def simcse(model: Path, texts: Sequence[str], options: TuneOptions) -> dict[str, float]:
    """Tune a model, and write it to models/encoder/model as safetensors.

    Returns:
        The first and the last loss, mean over a tenth of the steps.

    Raises:
        DataError: fewer texts than a batch holds.
    """
    if len(texts) < options.batch_size:
        raise DataError(
            f"tune.batch_size: {options.batch_size} is more than the {len(texts)} texts"
        )
    network = encoder.load(model)
    longest = network.max_seq_length
    network.max_seq_length = min(options.max_tokens, longest)
    losses = _train(network, texts, options, derive(options.seed, "tune") % 2**32)
    # Tuned on the beginnings of texts, which is faster, it hears as much of them as before.
    network.max_seq_length = longest
    with replacing_folder(FOLDER / "model") as folder:
        network.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
    tenth = max(1, len(losses) // 10)
    return {"first_loss": sum(losses[:tenth]) / tenth, "last_loss": sum(losses[-tenth:]) / tenth}


def _train(network: Any, texts: Sequence[str], options: TuneOptions, seed: int) -> list[float]:
    """The loss of each step."""
    from datasets import Dataset, disable_progress_bars
    from sentence_transformers import (
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    disable_progress_bars()
    with TemporaryDirectory() as folder:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=folder,
            max_steps=options.steps,
            per_device_train_batch_size=options.batch_size,
            learning_rate=options.learning_rate,
            warmup_steps=options.steps // 10,
            seed=seed,
            data_seed=seed,
            use_cpu=True,
            save_strategy="no",
            logging_steps=1,
            report_to="none",
            disable_tqdm=True,
            # A smaller last batch has fewer negatives, and a lower loss by nature.
            dataloader_drop_last=True,
        )
        trainer = SentenceTransformerTrainer(
            model=network,
            args=arguments,
            train_dataset=Dataset.from_dict({"anchor": list(texts), "positive": list(texts)}),
            loss=MultipleNegativesRankingLoss(network),
        )
        trainer.train()
    return [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
