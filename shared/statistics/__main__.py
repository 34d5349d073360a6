"""The statistics as a command: chart, rate-ratio, evidence-gate, funnel and batch; JSON out, one line on error."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import orjson
import typer

from shared.statistics.bad_input import BadInput
from shared.statistics.chart import Chart, chart
from shared.statistics.csv_columns import BadLine, read_columns
from shared.statistics.fields import parsed_number
from shared.statistics.requests import answer, options_of
from shared.statistics.series import series_of

app = typer.Typer(no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
_SEVERAL = ("--rebase", "--exclude")
_OF_THE_FILE = ("x", "y", "numerator", "denominator", "mean", "sd", "size")

# None is refused by whoever reads the request, in the same words as in a batch.
Number = Annotated[str | None, typer.Option()]


@app.command("chart")
def chart_command(
    type_: Annotated[str | None, typer.Option("--type", help="xmr|run|i|mr|c|u|up|p|pp|g|t|xbar|s")] = None,
    rules: Annotated[str, typer.Option(help="mdc|anhoej|shewhart|powerbi_spc")] = "mdc",
    direction: Annotated[str, typer.Option(help="increase|decrease|neutral: which way is better")] = "neutral",
    freeze: Annotated[str | None, typer.Option(help="limits of the first segment from its first N points")] = None,
    rebase: Annotated[list[str] | None, typer.Option(help="labels at which a new segment starts")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="positions, from 1, left out of limits and runs")] = None,
    screen: Annotated[bool | None, typer.Option(help="leave out moving ranges that are signals")] = None,
    target: Annotated[str | None, typer.Option(help="what is aimed at, in the unit of the chart")] = None,
    multiply: Annotated[str | None, typer.Option(help="unit of rates and shares, such as 1000")] = None,
) -> None:
    """Read a series as CSV from standard input and print its chart."""
    request = {
        "type": type_,
        "rules": rules,
        "direction": direction,
        "freeze": _typed(freeze),
        "rebase": rebase or [],
        "exclude": [_typed(place) for place in exclude or []],
        "screen": screen,
        "target": _typed(target),
        "multiply": _typed(multiply),
    }
    options = options_of(request)
    read = read_columns(sys.stdin.buffer.read(), options.type)
    try:
        made = chart(series_of(options.type, read.columns, read.labels), options)
    except BadInput as error:
        raise (read.at(error) if error.field in _OF_THE_FILE else error) from error
    _print(made)


@app.command("rate-ratio")
def rate_ratio_command(
    after_events: Number = None,
    after_exposure: Number = None,
    before_events: Number = None,
    before_exposure: Number = None,
    confidence: Number = "0.95",
) -> None:
    """Compare two rates exactly."""
    given = {
        "after_events": after_events,
        "after_exposure": after_exposure,
        "before_events": before_events,
        "before_exposure": before_exposure,
        "confidence": confidence,
    }
    _print(answer({"command": "rate_ratio", **{name: _typed(text) for name, text in given.items()}}))


@app.command("evidence-gate")
def evidence_gate_command(reduction: Number = None) -> None:
    """Say how many baseline events it takes before a fall of this size can be shown."""
    _print(answer({"command": "evidence_gate", "reduction": _typed(reduction)}))


@app.command("funnel")
def funnel_command(expected: Number = None, coverage: Number = None) -> None:
    """Print exact limits of observed / expected."""
    _print(answer({"command": "funnel", "expected": _typed(expected), "coverage": _typed(coverage)}))


@app.command("batch")
def batch_command() -> None:
    """Answer requests, one a line, from standard input; a bad one never stops the others."""
    for line in sys.stdin.buffer:
        if line.strip():
            sys.stdout.buffer.write(orjson.dumps(_answered(line), option=orjson.OPT_APPEND_NEWLINE))


def main(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: As typed, without the program's name.

    Returns:
        0 when the input was read, else 2 after one line on standard error.
    """
    try:
        code = app(
            args=list(_one_value_each(arguments)), standalone_mode=False, prog_name="python -m shared.statistics"
        )
    except BadLine as error:
        return _fail(str(error))
    except BadInput as error:
        return _fail(f"command line, field --{error.field.replace('_', '-')}: {error.reason}")
    except typer.TyperException as error:
        return _fail(f"command line: {error} See --help.")
    return code if isinstance(code, int) else 0


def _answered(line: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return {"id": None, "error": f"the line is not strict JSON ({error}); give one JSON object a line"}
    if not isinstance(request, dict):
        return {"id": None, "error": "the line is no request; give one JSON object a line"}
    try:
        return {"id": request.get("id"), "result": answer(request)}
    except BadInput as error:
        return {"id": request.get("id"), "error": str(error)}


def _one_value_each(arguments: Sequence[str]) -> Iterator[str]:
    """Let an option that takes several values be named once for all of them."""
    several = ""
    for argument in arguments:
        if argument in _SEVERAL:
            several = argument
            continue
        if argument.startswith("--"):
            several = ""
        yield f"{several}={argument}" if several else argument


def _typed(text: str | None) -> float | str | None:
    """Return a number where the text is one; the text itself is then refused by whoever needs a number."""
    if text is None:
        return None
    value = parsed_number(text.strip())
    return text if value is None else value


def _print(result: Chart | dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE))


def _fail(reason: str) -> int:
    sys.stderr.write(re.sub(r"\s+", " ", reason).strip() + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
