"""The vault's commands: new wrapping of its keys, and erasing again after a restore."""

from __future__ import annotations

import asyncio

import typer

from services.intake.adapters.vault import UnknownKey
from services.intake.app import rotate_kek, settle_restored
from services.intake.commands.console import console, fail
from shared.kernel.errors import Unavailable


def rotate() -> None:
    """Wrap all data keys by the present key-encryption key; NEARMISS_OLDER_KEKS holds the earlier ones."""
    try:
        done, left = asyncio.run(rotate_kek())
    except (ValueError, UnknownKey, Unavailable) as error:  # a setting that is missing or malformed is a ValueError
        fail(str(error))
    console.print(f"{done} reports are wrapped by the present key now, {left} are still to do")
    if left:
        raise typer.Exit(1)


def after_restore() -> None:
    """Erase again what was erased since the backup, as the log tells, and name what the backup does not know.

    To be run before intake serves again. The log keeps of each report its newest state, so also its erasure.
    """
    try:
        found = asyncio.run(settle_restored())
    except (ValueError, UnknownKey, Unavailable) as error:
        fail(str(error))
    console.print(f"{len(found.erased_again)} reports were erased again")
    for said, reports in (
        ("were changed since the backup; what intake shows of them is older than the views:", found.newer_on_the_log),
        ("came in since the backup; their redacted states are on the log, their originals are lost:", found.missing),
    ):
        if reports:
            console.print(f"{len(reports)} reports {said}")
            console.print(*sorted(reports), sep="\n")
