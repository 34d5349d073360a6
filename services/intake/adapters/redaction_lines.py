"""Redacts and evaluates NDJSON line by line for the command line; finding personal data is shared.redaction's."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from shared.redaction import redact
from shared.redaction.evaluation import Evaluation, Marked, Tally, evaluate
from shared.redaction.outside import coarsen
from shared.redaction.redact import PLACEHOLDERS

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_TYPES: Final = ", ".join(PLACEHOLDERS)


class BadLine(ValueError):
    """A line cannot be read; says which, which field, and what to do."""


def redact_lines(source: Iterable[bytes], target: BinaryIO, outside: bool = False) -> None:
    """Redact reports one by one; memory does not grow with the input.

    Args:
        source: NDJSON, {"id","text"} a line; empty lines are passed over.
        target: Takes for each a line {"id","text","spans"}; spans are of the original, in code points.
        outside: Whether the text goes to people outside the service, who get no room number and no exact time.

    Raises:
        BadLine: a line is not a report.
    """
    for _, row in _rows(source):
        redaction = redact(row["text"])
        text = coarsen(redaction.text) if outside else redaction.text
        target.write(orjson.dumps({"id": row["id"], "text": text, "spans": redaction.spans}) + b"\n")


def evaluate_file(path: Path) -> Evaluation:
    """Compare the redactor with a file of marked texts.

    Args:
        path: NDJSON, {"id","text","pii_spans"} a line, or "spans"; "origin" is that of the names, if it is known.

    Returns:
        The evaluation.

    Raises:
        BadLine: a line is not a marked text.
    """
    with path.open("rb") as file:
        return evaluate([_marked(number, row) for number, row in _rows(file)])


def evaluation_lines(evaluation: Evaluation) -> Iterator[str]:
    """Write an evaluation down.

    Args:
        evaluation: The counts and what was missed.

    Yields:
        Lines for a person to read.
    """
    yield "type          marked  found  recall  precision  (overlapping: recall  precision)"
    for kind in PLACEHOLDERS:
        if kind in evaluation.types:
            yield _tally_line(kind, evaluation.types[kind])
    if evaluation.origins:
        yield "\nrecall of names by origin (overlapping)"
        ordered = sorted(evaluation.origins.items(), key=lambda item: (item[1].recall(exact=False) or 0.0, item[0]))
        for origin, tally in ordered:
            yield f"{origin:20} {_share(tally.recall(exact=False))}  {tally.touched} of {tally.marked}"
    for heading, lines in (("misses", evaluation.misses), ("false alarms", evaluation.false_alarms)):
        yield f"\n{heading}: {len(lines)}"
        yield from lines


def _tally_line(kind: str, tally: Tally) -> str:
    shares = (tally.recall(), tally.precision(), tally.recall(exact=False), tally.precision(exact=False))
    recall, precision, touched, true = map(_share, shares)
    return f"{kind:12} {tally.marked:7} {tally.found:6}  {recall:>6}  {precision:>9}  {touched:>21}  {true:>9}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _rows(source: Iterable[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(source, 1):
        content = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        if not content.strip():
            continue
        try:
            row = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise BadLine(
                f"line {number}: not JSON ({error.msg} at character {error.pos}); send one object a line"
            ) from None
        if not isinstance(row, dict):
            raise BadLine(f"line {number}: not an object; send id and text")
        if not isinstance(row.get("id"), str | int) or isinstance(row["id"], bool):
            raise BadLine(f"line {number}: field id is missing or neither text nor a whole number; send one")
        if not isinstance(row.get("text"), str):
            raise BadLine(f"line {number}: field text is missing or not text; send the report's words as text")
        yield number, row


def _marked(number: int, row: dict[str, Any]) -> Marked:
    name = "pii_spans" if "pii_spans" in row else "spans"
    spans = row.get(name)
    if not isinstance(spans, list):
        raise BadLine(f"line {number}: field pii_spans is missing or not a list; send [[start, end, type], ...]")
    origin = row.get("origin")
    if origin is not None and not isinstance(origin, str):
        raise BadLine(f"line {number}: field origin is not text; send the origin of the names as text or leave it out")
    text: str = row["text"]
    return Marked(str(row["id"]), text, tuple(_span(number, name, span, len(text)) for span in spans), origin)


def _span(number: int, name: str, span: object, length: int) -> tuple[int, int, str]:
    match span:
        case [int(start), int(end), str(kind)] if kind in PLACEHOLDERS and 0 <= start < end <= length:
            return start, end, kind
    raise BadLine(
        f"line {number}: field {name} holds what is no span of the text; send [start, end, type] with "
        f"0 <= start < end <= {length} and a type of {_TYPES}"
    )
