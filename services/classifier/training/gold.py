"""Reads texts whose labels are known: gold lines in JSON, and the passes of the training data in TSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

COLUMNS: Final = (
    *("id", "setting", "near_miss", "escalate", "domains", "factors", "severity", "how_caught"),
    *("disruption", "class", "text"),
)
_LISTS: Final = ("domains", "contributory_factors", "how_caught")
_WORDS: Final = ("primary_domain", "potential_severity", "event_class", "disruption_kind")
_NOTHING: Final = "-"


@dataclass(frozen=True, slots=True)
class Gold:
    """One text with the labels that somebody gave it.

    Attributes:
        id: Its name; in the training data the pass stands before the dash.
        text: What was written.
        setting: The kind of service.
        labels: Labels by field; a field that was not labelled is absent. `escalate` is a code or None.
    """

    id: str
    text: str
    setting: str
    labels: Mapping[str, Any]

    @property
    def author_pass(self) -> str:
        """The pass that the text belongs to: what stands before the dash of its id."""
        return self.id.partition("-")[0]


def read_gold(path: Path) -> list[Gold]:
    """Read a file of labelled texts.

    Args:
        path: NDJSON with `id`, `text`, `setting` and any of the labels, or a TSV file of the training data.

    Returns:
        The texts in the order of the file.

    Raises:
        ValueError: a line is not a labelled text; names line, field and what to do.
    """
    if path.suffix == ".tsv":
        return read_pass(path)
    lines = path.read_bytes().split(b"\n")
    return [_gold(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def golds_of(lines: Iterable[Mapping[str, Any]]) -> list[Gold]:
    """Take gold lines that were made in memory, such as the review set.

    Args:
        lines: `id`, `text`, `setting` and any of the labels.

    Raises:
        ValueError: a label has the wrong shape.
    """
    return [
        Gold(line["id"], line["text"], line["setting"], _labels(number, line)) for number, line in enumerate(lines, 1)
    ]


def read_passes(folder: Path, *, held_out: bool = False) -> list[Gold]:
    """Read the training data.

    Args:
        folder: The folder of the TSV files.
        held_out: Read the passes that are kept for measuring instead.

    Returns:
        All texts, pass by pass in alphabetic order.
    """
    files = sorted(folder.glob("*.tsv"))
    return [gold for file in files if file.stem.startswith("held_out") == held_out for gold in read_pass(file)]


def read_pass(path: Path) -> list[Gold]:
    """Read one pass of the training data.

    Args:
        path: A TSV file with the columns of `COLUMNS`.

    Returns:
        Its texts; a last line that has no end yet is left out.

    Raises:
        ValueError: a line has other columns; names file and line.
    """
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    rows = []
    for number, line in enumerate(lines[1:], 2):
        cells = line.split("\t")
        if len(cells) != len(COLUMNS):
            raise ValueError(f"{path.name} line {number}: {len(cells)} columns, must be {len(COLUMNS)}")
        rows.append(_from_row(dict(zip(COLUMNS, cells, strict=True))))
    return rows


def _from_row(row: Mapping[str, str]) -> Gold:
    domains = _several(row["domains"])
    labels = {
        "is_near_miss": row["near_miss"] == "y",
        "escalate": _one(row["escalate"]),
        "domains": domains,
        "primary_domain": domains[0] if domains else None,
        "contributory_factors": _several(row["factors"]),
        "potential_severity": row["severity"],
        "how_caught": _several(row["how_caught"]),
        "disruption_kind": _one(row["disruption"]),
        "event_class": row["class"],
    }
    return Gold(row["id"], row["text"], row["setting"], labels)


def _several(cell: str) -> tuple[str, ...]:
    return () if cell == _NOTHING else tuple(cell.split(","))


def _one(cell: str) -> str | None:
    return None if cell == _NOTHING else cell


def _gold(number: int, line: bytes) -> Gold:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"line {number}: not JSON ({error.msg}); send one object a line") from None
    if not isinstance(row, dict):
        raise ValueError(f"line {number}: not an object; send id, text, setting and labels")
    for field in ("id", "text", "setting"):
        if not isinstance(row.get(field), str):
            raise ValueError(f"line {number}: field {field} is missing or not text; send id, text and setting as text")
    return Gold(row["id"], row["text"], row["setting"], _labels(number, row))


def _labels(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """The labels that a line has, each checked for its shape; a field of null other than a nullable one is absent."""
    labels: dict[str, Any] = {}
    if row.get("is_near_miss") is not None:
        if not isinstance(row["is_near_miss"], bool):
            raise ValueError(f"line {number}: field is_near_miss must be true or false")
        labels["is_near_miss"] = row["is_near_miss"]
    if "escalate" in row:
        labels["escalate"] = _code(number, row["escalate"])
    for field in _LISTS:
        if row.get(field) is not None:
            labels[field] = tuple(_words(number, field, row[field]))
    for field in _WORDS:
        if field in row and (row[field] is not None or field in ("primary_domain", "disruption_kind")):
            labels[field] = next(iter(_words(number, field, row[field])), None)
    return labels


def _code(number: int, value: Any) -> str | None:
    codes = _words(number, "escalate", value)
    if len(codes) > 1:
        raise ValueError(f"line {number}: field escalate has {len(codes)} codes; name the first by the guide's order")
    return codes[0] if codes and codes[0] not in ("", "none", "null", _NOTHING) else None


def _words(number: int, field: str, value: Any) -> Sequence[str]:
    """The words of a label, given as a list, as one word or as null."""
    words: Iterable[Any] = () if value is None else (value,) if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"line {number}: field {field} must be a word, a list of words or null")
    return tuple(words)
