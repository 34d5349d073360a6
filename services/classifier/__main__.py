"""The classifier as commands: the model alone, and what is done with it on the log beside the service."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import fields
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, NoReturn, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import Progress

from services.classifier.domain.classification import Classification
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.model_file import MODEL_FILE
from services.classifier.training.evaluate import evaluate_gold, rendered
from services.classifier.training.gold import golds_of, read_gold
from services.classifier.usecases.reclassify import Tally, Wish
from services.classifier.usecases.reclassify import reclassify as reclassify_log
from services.classifier.usecases.review_set import review_set as make_review_set
from shared.kernel.errors import Unavailable
from shared.runtime.memory import settle
from shared.taxonomy.loader import load_taxonomy

if TYPE_CHECKING:
    from services.classifier.app import Tools

_BATCH = 256
_LABELS = tuple(field.name for field in fields(Classification))
CORRECTIONS = "corrections"
"""In place of a gold file: the review set."""
T = TypeVar("T")

app = typer.Typer(help="The classifier's model as commands.", no_args_is_help=True, add_completion=False)


@app.command()
def classify() -> None:
    """Read NDJSON {"id","text","setting"} from standard input; write a line of labels for each, in order."""
    try:
        classify_lines(sys.stdin.buffer, sys.stdout.buffer)
    except ValueError as error:
        _refuse(error)


@app.command()
def evaluate(
    gold: Annotated[
        Path,
        typer.Option(
            help="NDJSON with id, text, setting and labels; a TSV of the training data; "
            "or the word corrections: what people decided, with the words from the log"
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Compare the model's labels with gold labels, as written and under small changes of the text."""
    try:
        lines = golds_of(_with_tools(_review_set(None))) if str(gold) == CORRECTIONS else read_gold(gold)
        figures = evaluate_gold(lines, load_taxonomy())
    except (ValueError, OSError, Unavailable) as error:
        _refuse(error)
    if json:
        sys.stdout.buffer.write(orjson.dumps(figures, option=orjson.OPT_INDENT_2) + b"\n")
    else:
        sys.stdout.write(rendered(figures))


@app.command()
def train(
    to: Annotated[Path | None, typer.Option(help="where to write the model; left out: over the shipped one")] = None,
    successor: Annotated[
        bool, typer.Option("--successor", help="it replaces a model that has spoken: the next generation")
    ] = False,
) -> None:
    """Rebuild the model from the texts that are kept as data; needs the extra `train`."""
    from services.classifier.training.train import train as train_model  # noqa: PLC0415 - the service has no scipy

    version = train_model(lambda line: sys.stderr.write(f"{line}\n"), to or MODEL_FILE, successor=successor)
    sys.stdout.write(f"{version}\n")


@app.command()
def card(
    real_data: Annotated[Path | None, typer.Option(help="the real data folder; left out: as measured before")] = None,
) -> None:
    """Measure the shipped model on the held-out texts and on real ones, and write MODEL_CARD.md."""
    from services.classifier.training.card import measure_card  # noqa: PLC0415 - the service needs none of it

    try:
        measure_card(load_taxonomy(), real_data)
    except (ValueError, OSError) as error:
        _refuse(error)


@app.command("review-set")
def review_set(
    provider: Annotated[str | None, typer.Option(help="only this tenant's; left out: all")] = None,
) -> None:
    """Print a gold line for each corrected report that the log still holds: redacted text, and what people decided."""
    try:
        lines = _with_tools(_review_set(provider))
    except Unavailable as error:
        _refuse(error)
    for line in lines:
        sys.stdout.buffer.write(orjson.dumps(line) + b"\n")


@app.command()
def reclassify(
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="told on this day or later")] = None,
    provider: Annotated[str | None, typer.Option(help="only this tenant's; left out: all")] = None,
    per_s_max: Annotated[int, typer.Option(min=0, help="at most so many reports a second; 0: no limit")] = 1_000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count only")] = False,
) -> None:
    """Take the log through the shipped model once more; what people decided stays."""
    wish = Wish(since.date() if since else None, provider, per_s_max, dry_run)
    with Progress(console=Console(stderr=True)) as progress:
        bar = progress.add_task("reclassified 0", total=None)

        def watch(tally: Tally) -> None:
            progress.update(
                bar, completed=tally.read, total=tally.total, description=f"reclassified {tally.reclassified:,}"
            )

        try:
            tally = _with_tools(lambda tools: reclassify_log(tools.log, tools.answers, wish, watch))
        except Unavailable as error:
            _refuse(error)
    sys.stdout.write(
        f"{tally.reclassified} {'would be' if dry_run else 'were'} reclassified, {tally.unreadable} could not be read\n"
    )


def _review_set(provider: str | None) -> Callable[[Tools], Awaitable[list[dict[str, Any]]]]:
    return lambda tools: make_review_set(tools.corrections, tools.log, provider)


def _with_tools(work: Callable[[Tools], Awaitable[T]]) -> T:
    """Run work on the engines that the environment names."""
    from services.classifier.app import create_tools  # noqa: PLC0415 - the other commands need no engine

    async def run() -> T:
        tools = create_tools()
        tools.open()
        try:
            return await work(tools)
        finally:
            await tools.close()

    return asyncio.run(run())


def classify_lines(source: BinaryIO, target: BinaryIO) -> None:
    """Classify lines in batches; memory does not grow with the input.

    Args:
        source: NDJSON, one report a line; empty lines are passed over.
        target: Takes one line for each.

    Raises:
        ValueError: a line is not a report; names line, field and what to do. What came before it is answered.
    """
    classifier = Classifier(load_taxonomy())
    settle()
    lines = _reports(source)
    while batch := list(islice(lines, _BATCH)):
        good = [line for line in batch if not isinstance(line, ValueError)]
        asked = [Asked(report["text"], report["setting"]) for report in good]
        for report, found in zip(good, classifier.classify_many(asked), strict=True):
            target.write(orjson.dumps(_line(report["id"], found)) + b"\n")
        target.flush()
        for line in batch:
            if isinstance(line, ValueError):
                raise line


def _line(identity: str, found: Classification) -> dict[str, Any]:
    """One line of labels; where the kind of event is undecided, is_near_miss is false and the class UNKNOWN."""
    labels = {name: getattr(found, name) for name in _LABELS}
    return {"id": identity, **labels, "is_near_miss": bool(found.is_near_miss)}


def _reports(source: Iterable[bytes]) -> Iterator[dict[str, Any] | ValueError]:
    """The reports of some lines; the first line that is none ends them."""
    for number, line in enumerate(source, 1):
        if not line.strip():
            continue
        try:
            yield _report(number, line)
        except ValueError as error:
            yield error
            return


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


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"{error}\n")
    raise typer.Exit(2) from None


if __name__ == "__main__":
    app()
