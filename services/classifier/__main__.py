"""`python -m services.classifier classify < in.ndjson > out.ndjson`: the model alone, without broker or database."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any, BinaryIO

import orjson
import typer

from services.classifier.domain.classify import Classifier
from shared.taxonomy.loader import load_taxonomy

app = typer.Typer(help="The classifier's model as a command.", no_args_is_help=True, add_completion=False)


@app.callback()
def _commands() -> None:
    """The classifier's model as a command."""


@app.command()
def classify() -> None:
    """Read NDJSON {"id","text","setting"} from standard input; write a line of labels for each, in order."""
    try:
        classify_lines(sys.stdin.buffer, sys.stdout.buffer)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        raise typer.Exit(2) from None


def classify_lines(source: BinaryIO, target: BinaryIO) -> None:
    """Classify lines one by one; memory does not grow with the input.

    Args:
        source: NDJSON, one report a line; empty lines are passed over.
        target: Takes one line for each.

    Raises:
        ValueError: a line is not a report; names line, field and what to do.
    """
    classifier = Classifier(load_taxonomy())
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        report = _report(number, line)
        found = asdict(classifier.classify(report["text"], report["setting"]))
        target.write(orjson.dumps({"id": report["id"], **found}) + b"\n")


def _report(number: int, line: bytes) -> dict[str, Any]:
    try:
        report = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ValueError(
            f"line {number}: not JSON ({error.msg} at character {error.pos}); send one object a line"
        ) from None
    if not isinstance(report, dict):
        raise ValueError(f"line {number}: not an object; send id, text and setting")
    for field in ("id", "text", "setting"):
        if not isinstance(report.get(field), str):
            raise ValueError(f"line {number}: field {field} is missing or not text; send id, text and setting as text")
    return report


if __name__ == "__main__":
    app()
