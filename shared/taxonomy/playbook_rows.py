"""Reads one playbook from its row of the data file, checking what it refers to."""

import re
from collections.abc import Collection
from typing import Final, cast, get_args

from shared.taxonomy.model import Playbook, PlaybookKind, PlaybookPattern, PlaybookStep, Strength
from shared.taxonomy.rows import Row

_RRULE: Final = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;[A-Z]+=[A-Z0-9,+-]+)*")


def playbook(row: Row, domains: Collection[str], factors: Collection[str]) -> Playbook:
    """Read one playbook.

    Args:
        row: Its row.
        domains: The names of domains that exist.
        factors: The names of factors that exist.

    Returns:
        The playbook.

    Raises:
        TaxonomyError: a field is missing, unknown or refers to what does not exist.
    """
    row.only(
        "id", "version", "title", "kind", "pattern", "steps", "cadence", "owner_role", "strength",
        "process_measure", "source",
    )  # fmt: skip
    cadence = row.text_or_none("cadence")
    if cadence is not None and not _RRULE.fullmatch(cadence):
        raise row.error(f"cadence {cadence!r} is no RRULE")
    return Playbook(
        id=row.text("id"),
        version=row.text("version"),
        title=row.text("title"),
        kind=cast(PlaybookKind, row.one_of("kind", get_args(PlaybookKind))),
        pattern=_playbook_pattern(row.section("pattern"), domains, factors),
        steps=_steps(row),
        cadence=cadence,
        owner_role=row.text("owner_role"),
        strength=cast(Strength, row.one_of("strength", get_args(Strength))),
        process_measure=row.text("process_measure"),
        source=row.text("source"),
    )


def _playbook_pattern(row: Row, domains: Collection[str], factors: Collection[str]) -> PlaybookPattern:
    row.only("domains_all", "domains_any", "factors_any", "min_reports", "window_days")
    pattern = PlaybookPattern(
        domains_all=row.names("domains_all", domains),
        domains_any=row.names("domains_any", domains),
        factors_any=row.names("factors_any", factors),
        min_reports=row.count("min_reports"),
        window_days=row.count("window_days"),
    )
    if not (pattern.domains_all or pattern.domains_any or pattern.factors_any):
        raise row.error("a pattern that asks for nothing fits every report")
    return pattern


def _steps(row: Row) -> tuple[PlaybookStep, ...]:
    steps: dict[str, PlaybookStep] = {}
    for step in row.rows("steps"):
        step.only("id", "title", "evidence_asked")
        if step.text("id") in steps:
            raise step.error(f"step {step.text('id')!r} stands here twice")
        steps[step.text("id")] = PlaybookStep(step.text("id"), step.text("title"), step.text("evidence_asked"))
    if not steps:
        raise row.error("field steps is missing or blank")
    return tuple(steps.values())
