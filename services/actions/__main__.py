"""`python -m services.actions backtest FILE`: what detection would have said of a history, and when."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import orjson
import typer

from services.actions.domain.backtest.history import BadLine, read_history
from services.actions.domain.backtest.run import backtest
from services.actions.domain.detection.series import SeriesBook
from shared.taxonomy.detection_data import load_detection_data
from shared.taxonomy.loader import load_taxonomy

app = typer.Typer(help="Detection and verdicts as a command.", no_args_is_help=True, add_completion=False)


@app.callback()
def _commands() -> None:
    """Detection and verdicts as a command."""


@app.command("backtest")
def backtest_command(file: Path) -> None:
    """Read a history (NDJSON: sites, exposure, log, reports) and print what would have been said, and when."""
    data = load_detection_data(load_taxonomy())
    book = SeriesBook(data)
    with file.open("rb") as lines:
        history = read_history(lines, book)
    for line in backtest(history, data, book):
        sys.stdout.buffer.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def main(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: As typed, without the program's name.

    Returns:
        0 when the input was read, else 2 after one line on standard error.
    """
    try:
        code = app(args=list(arguments), standalone_mode=False, prog_name="python -m services.actions")
    except BadLine as error:
        return _fail(str(error))
    except OSError as error:
        return _fail(f"command line, field FILE: {error.strerror or 'cannot be read'}; name a file that can be read")
    except typer.TyperException as error:
        return _fail(f"command line: {error} See --help.")
    return code if isinstance(code, int) else 0


def _fail(reason: str) -> int:
    sys.stderr.write(" ".join(reason.split()) + "\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
