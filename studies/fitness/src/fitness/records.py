"""Records from JSON as people send it: what can be used, and why the rest cannot.

A file is a list of objects: `metric_name`, `user_prompt` (or `prompt`), `response` (or `expected_response`),
`system_prompt` (may be null) and, to train on, `score`, a string or a number. Nothing is lost: a record that cannot be
used stands in the quarantine with its reason, one that was mended has a note.

The text of a record is system prompt, prompt and response, in this order and one a line, without those that are empty:
Unicode NFC, control characters removed, runs of blanks as one, and at most so many characters.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from chorus.errors import DataError
from chorus.options import options

SCORES = (0.0, 10.0)  # lowest and highest
# Of each part the first name that is there.
PARTS = (("system_prompt",), ("user_prompt", "prompt"), ("response", "expected_response"))
KEPT = ["id", "metric", "score", "text_id", "language", "note"]
REJECTED = ["id", "reason"]
_SCRIPTS = {"DEVANAGARI": "Hindi", "TAMIL": "Tamil", "BENGALI": "Bengali", "LATIN": "English"}
_BROKEN = "\ufffd"  # what stands for a character that could not be read
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no text may hold
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")


@options
class RecordOptions:
    """folder: holds train_data.json, test_data.json and metric_names.json; "demo" is the built-in, synthetic set.
    max_characters: of a text; what is longer is cut, and has a note.
    max_quarantined_share: of the training records; above it, the stage fails.
    seed: of the demo set."""

    folder: Annotated[str, Field(min_length=1)] = "demo"
    max_characters: Annotated[int, Field(ge=100)] = 12_000
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)] = 0.05
    seed: Annotated[int, Field(ge=0)] = 1


@dataclass(frozen=True)
class Records:
    """kept: a row a record, `KEPT`; the score is nan where none is asked for. rejected: `REJECTED`.
    texts: text_id and text, each text once, by id. Ids count the records of a file from 1."""

    kept: pd.DataFrame
    rejected: pd.DataFrame
    texts: pd.DataFrame


def load(data: bytes) -> list[Any]:
    """The items of a JSON list, of the one list or the records in an object, or of JSON lines.

    A file that breaks off gives the items before the break, and JSON lines those of the other lines, with a word why.
    Bytes that are not in the file's encoding (UTF-8, or UTF-16 with its mark) become U+FFFD, which `read` notes.

    Raises:
        DataError: not one item can be read.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    text = data.decode(encoding, errors="replace")
    content = _parsed(text)
    # Lines first: there damage costs a line, and not all that is behind it.
    items = _lines(text) or _until_broken(text) if content is None else _list_in(content)
    if not items:
        raise DataError("the file holds no list of records")
    return items


def _parsed(text: str) -> Any:
    """What a JSON text says; None: it is none, or too deep, or has a number of too many digits."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _list_in(content: Any) -> list[Any]:
    """The records of a parsed file: a list, a list within an object, records by their names, or one record."""
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        return []
    if "metric_name" in content:
        return [content]
    lists = [value for value in content.values() if isinstance(value, list)]
    if len(lists) == 1:
        return list(lists[0])
    if all(isinstance(value, dict) and "metric_name" in value for value in content.values()):
        return list(content.values())
    return []


def _lines(text: str) -> list[Any]:
    """Items of JSON lines, and of each line that is none a word; none where most are no objects."""
    lines = [line for line in text.split("\n") if line.strip()]
    items = [_parsed(line) for line in lines]
    objects = sum(isinstance(item, dict) for item in items)
    if len(lines) < 2 or 2 * objects <= len(lines):
        return []
    for place, item in enumerate(items):
        if item is None:
            items[place] = f"the file is damaged in record {place + 1}"
    return items


def _until_broken(text: str) -> list[Any]:
    decoder, found, place = json.JSONDecoder(), [], text.find("{")
    while place >= 0:
        try:
            item, end = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            found.append(f"the file breaks off or is damaged from character {place} on")
            break
        found.append(item)
        place = text.find("{", end)
    return found if any(isinstance(item, dict) for item in found) else []


def read(
    items: Sequence[Any], *, scored: bool, max_characters: int, metrics: Sequence[str] | None = None
) -> Records:
    """Records as a table.

    Args:
        items: as `load` gives them.
        scored: a record needs a score from 0 to 10; a repeated one is kept once. Without, every readable one is kept.
        metrics: the only names that are allowed; None: any.
    """
    kept: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []
    texts: dict[str, str] = {}
    seen: dict[tuple[Any, ...], int] = {}
    for number, item in enumerate(items, 1):
        try:
            row, text = _row(item, scored, max_characters, metrics)
            if (
                scored
                and (
                    first := seen.setdefault((row["metric"], row["score"], row["text_id"]), number)
                )
                != number
            ):
                raise DataError(f"repeats record {first}")
        except DataError as error:
            rejected.append({"id": number, "reason": str(error)})
            continue
        kept.append({"id": number} | row)
        texts[row["text_id"]] = text
    table = pd.DataFrame(sorted(texts.items()), columns=["text_id", "text"])
    return Records(
        pd.DataFrame(kept, columns=KEPT), pd.DataFrame(rejected, columns=REJECTED), table
    )


def _row(
    item: Any, scored: bool, max_characters: int, metrics: Sequence[str] | None
) -> tuple[dict[str, Any], str]:
    if not isinstance(item, Mapping):
        raise DataError(
            item if isinstance(item, str) and item.startswith("the file") else "no JSON object"
        )
    metric = item.get("metric_name")
    if not isinstance(metric, str) or not metric.strip():
        raise DataError("metric_name is missing or no text")
    if metrics is not None and metric.strip() not in metrics:
        raise DataError(
            f"metric_name: {metric.strip()[:80]!r} is none of the {len(metrics)} known metrics"
        )
    text, notes = unified_text(item, max_characters)
    score = parse_score(item.get("score")) if scored else math.nan
    identity = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    row = {
        "metric": metric.strip(),
        "score": score,
        "text_id": identity,
        "language": language(text),
    }
    return row | {"note": ", ".join(notes)}, text


def unified_text(item: Mapping[str, Any], max_characters: int) -> tuple[str, list[str]]:
    """The text of a record by the rule at the head of this module, and what had to be done to it.

    Raises:
        DataError: prompt and response are both missing or empty.
    """
    parts = [_first_text(item, names) for names in PARTS]
    if not parts[1] and not parts[2]:
        raise DataError("neither a prompt nor a response")
    text = "\n".join(part for part in parts if part)
    mended = _LONE_SURROGATE.sub(_BROKEN, text)
    notes = ["broken characters"] if _BROKEN in mended else []
    notes += [f"{names[0]} is no text" for names in PARTS if _is_no_text(item, names)]
    if len(mended) > max_characters:
        notes.append("cut")
    return mended[:max_characters].strip(), notes


def _first_text(item: Mapping[str, Any], names: Iterable[str]) -> str:
    values = [item[name] for name in names if isinstance(item.get(name), str)]
    return next((plain for value in values if (plain := _plain(value))), "")


def _is_no_text(item: Mapping[str, Any], names: Iterable[str]) -> bool:
    """Whether something stands there (a number, a list) that cannot be used."""
    values = [item[name] for name in names if item.get(name) is not None]
    return bool(values) and not any(isinstance(value, str) for value in values)


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return _SPACE_OR_CONTROL.sub(" ", composed).strip()


def parse_score(value: Any) -> float:
    """A score from 0 to 10.

    Raises:
        DataError: it is missing, no number, or out of range.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        raise DataError("score is missing")
    # Python takes these for numbers: 1_0 is 10.
    strange = isinstance(value, bool) or "_" in str(value)
    try:
        score = math.nan if strange else float(value)
    except (TypeError, ValueError, OverflowError):
        score = math.nan
    if math.isnan(score):
        raise DataError(f"score: {str(value)[:40]!r} is no number")
    if not SCORES[0] <= score <= SCORES[1]:
        raise DataError(f"score: {str(value)[:40]} is not from 0 to 10")
    return score


def language(text: str) -> str:
    """The language that is usually written in the script of most of a text's letters; "other" of other scripts.

    A script is no language (Marathi counts as Hindi, Assamese as Bengali, any Latin text as English); it is what can be
    told without a model.
    """
    scripts = Counter(
        unicodedata.name(sign, "other").split(" ")[0] for sign in text if sign.isalpha()
    )
    return _SCRIPTS.get(scripts.most_common(1)[0][0], "other") if scripts else "other"


def refuse_too_many(records: Records, allowed: float) -> None:
    """Refuse to go on when too many records are of no use: then the file, or how it is read, needs a look.

    Raises:
        DataError: names the commonest reason.
    """
    total = len(records.kept) + len(records.rejected)
    if not len(records.kept) or len(records.rejected) > allowed * total:
        reason = records.rejected["reason"].mode()[0]
        share = f"{len(records.rejected)} of {total} records cannot be used"
        raise DataError(
            f"{share}, more than records.max_quarantined_share allows; the commonest reason: {reason}"
        )


def summary(parts: Mapping[str, Records]) -> dict[str, Any]:
    """Counts for JSON: of records, texts, scores, languages and notes, by part."""
    return {name: _counts(part) for name, part in parts.items()}


def _counts(part: Records) -> dict[str, Any]:
    kept = part.kept
    by_score = kept["score"].value_counts().sort_index()
    return {
        "records": len(kept),
        "rejected": len(part.rejected),
        "texts": len(part.texts),
        "metrics": kept["metric"].nunique(),
        "scores": {f"{score:g}": int(count) for score, count in by_score.items()},
        "languages": kept["language"].value_counts().to_dict(),
        "notes": kept.loc[kept["note"] != "", "note"].value_counts().to_dict(),
    }


def metric_names(content: Any) -> list[str]:
    """The known metrics, of metric_names.json.

    Raises:
        DataError: it is no list of names, each once.
    """
    named = isinstance(content, list) and all(isinstance(name, str) for name in content)
    if not named or not content or any(name != name.strip() or not name for name in content):
        raise DataError("metric_names.json: a list of names without blanks around them is needed")
    if twice := [name for name, count in Counter(content).items() if count > 1]:
        raise DataError(f"metric_names.json: {twice[0]!r} stands there twice")
    return list(content)


def family(metric: str) -> str:
    """The family of a metric: `topic_drift_rate` of `topic_drift_rate/abrupt_topic_shift`."""
    return metric.partition("/")[0]
