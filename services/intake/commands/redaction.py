"""Commands of redaction: take personal data out of texts, and measure how well that is done."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from services.intake.adapters.redaction_lines import BadLine, evaluate_file, evaluation_lines, redact_lines
from services.intake.commands.console import fail


def redact(
    outside: Annotated[bool, typer.Option(help="coarsen room numbers, exact times and great ages, too")] = False,
) -> None:
    """Read NDJSON {"id","text"} from standard input; write {"id","text","spans"} for each, in order."""
    try:
        redact_lines(sys.stdin.buffer, sys.stdout.buffer, outside)
        sys.stdout.buffer.flush()
    except BadLine as error:
        fail(str(error))


def evaluate_redaction(
    gold: Annotated[Path, typer.Option(exists=True, dir_okay=False, readable=True, help="marked texts as NDJSON")],
) -> None:
    """Compare the redactor with marked texts: {"id","text","pii_spans":[[start,end,type],...]} a line."""
    try:
        for line in evaluation_lines(evaluate_file(gold)):
            typer.echo(line)
    except BadLine as error:
        fail(str(error))
