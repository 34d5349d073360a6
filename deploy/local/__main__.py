"""The commands of the local stack: python -m deploy.local up | demo | status | down."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from deploy.local import control, jars
from deploy.local.demo import ADDRESSES_FILE, Demo
from deploy.local.errors import StackError
from deploy.local.settings import DEFAULT_ROOT, DOWNLOADS, LocalSettings, one_or_three
from deploy.local.stack import Stack, without_password
from deploy.local.state import read_json

app = typer.Typer(help="Kafka, MongoDB and the whole demo on this machine, without containers.", no_args_is_help=True)
console = Console(highlight=False)


def _one_or_three(number: int | None) -> int | None:
    try:
        return None if number is None else one_or_three(number)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong


Root = Annotated[Path, typer.Option(help="Folder for data, logs and addresses.")]
Brokers = Annotated[
    int | None,
    typer.Option(callback=_one_or_three, help="Kafka's brokers: 1, or 3 with three copies."),
]
Detach = Annotated[bool, typer.Option("--detach", help="Return when it is ready and leave it running.")]


@app.command()
def up(detach: Detach = False, root: Root = DEFAULT_ROOT, brokers: Brokers = None) -> None:
    """Start Kafka and MongoDB and keep them running until Ctrl-C."""
    _run(Stack, "up", detach, root, brokers)


@app.command()
def demo(detach: Detach = False, root: Root = DEFAULT_ROOT, brokers: Brokers = None) -> None:
    """Start everything, load the demo's data, and keep it running until Ctrl-C."""
    _run(Demo, "demo", detach, root, brokers)


@app.command()
def status(root: Root = DEFAULT_ROOT) -> None:
    """Show what runs; exit 1 when nothing does or something does not answer."""
    state = control.running(root.resolve())
    if state is None:
        _say("nothing is running")
        raise typer.Exit(1)
    _say(f"{state.get('mode', 'stack')}: {state['phase']}, supervisor {state['supervisor_pid']}")
    programs = state.get("programs", {})
    answers = {}
    for name, program in programs.items():
        answers[name] = control.answers(name, program["address"], program["ours"])
        reply = "answers" if answers[name] else "does not answer"
        _say(f"  {name:<10} {program['pid'] or '-':>8}  {reply:<16} {without_password(program['address'])}")
    raise typer.Exit(0 if state["phase"] == "ready" and all(answers.values()) else 1)


@app.command()
def down(root: Root = DEFAULT_ROOT) -> None:
    """Stop everything and wait until it is gone; the data stays."""
    try:
        stopped = control.stop(root.resolve())
    except StackError as failure:
        _fail(failure)
    _say("stopped" if stopped else "nothing was running")


@app.command("demo-stop")
def demo_stop(root: Root = DEFAULT_ROOT) -> None:
    """Stop the demo; the same as down."""
    down(root)


@app.command("lock-jars")
def lock_jars() -> None:
    """Resolve Kafka's jars again and rewrite the locked list of them."""
    _say(f"{jars.write_lock_file(DOWNLOADS)} jars in {jars.LOCK_FILE.name}")


def _run(kind: type[Stack], command: str, detach: bool, root: Path, brokers: int | None) -> None:
    root = root.resolve()
    settings = LocalSettings() if brokers is None else LocalSettings(nearmiss_kafka_brokers=brokers)
    state = control.running(root)
    if state is not None:
        _already_running(kind, settings.nearmiss_kafka_brokers, state, root)
        return
    try:
        if detach:
            control.start_in_background(command, root, settings.nearmiss_kafka_brokers, _say)
        else:
            kind(root, settings, console).run()
    except StackError as failure:
        _fail(failure)


def _already_running(kind: type[Stack], brokers: int, state: dict[str, Any], root: Path) -> None:
    """Say so; it is a failure only when what was asked for is not what runs."""
    _say(f"already running: process {state['supervisor_pid']} ({state.get('mode', 'stack')}, {state['phase']})")
    programs = state.get("programs", {})
    for name, program in programs.items():
        _say(f"  {name}  {without_password(program['address'])}")
    page = read_json(root / ADDRESSES_FILE).get("page")
    if state.get("mode") == "demo" and page:
        _say(f"The governance page: {page}")
    if kind is Demo and state.get("mode") != "demo":
        _fail(StackError("only the engines run here: stop them first (python -m deploy.local down)"))
    running = sum(name.startswith("kafka") for name in programs)
    if programs and running != brokers:
        _fail(StackError(f"{running} broker(s) run here, not {brokers}: stop them first, or name another --root"))


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


def _fail(failure: StackError) -> None:
    Console(stderr=True, highlight=False).print(str(failure), markup=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    app()
