"""Reads playbooks from their rows of the data files, checking what they refer to."""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final, cast, get_args

from shared.taxonomy.model import Playbook, PlaybookKind, PlaybookPattern, PlaybookStep, Strength
from shared.taxonomy.rows import Row

_RRULE: Final = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;[A-Z]+=[A-Z0-9,+-]+)*")
_ID: Final = re.compile(r"[a-z][a-z0-9-]{2,63}")


def playbooks(
    files: Mapping[str, Row], groups: Collection[str], domains: Collection[str], factors: Collection[str]
) -> Mapping[str, Playbook]:
    """Read the playbooks of all files, of which each is named for a group of domains.

    Args:
        files: The files by name without ending.
        groups: The names of groups that exist.
        domains: The names of domains that exist.
        factors: The names of factors that exist.

    Returns:
        The playbooks by id.

    Raises:
        TaxonomyError: a file is named for no group, or a playbook contradicts itself or another.
    """
    found: dict[str, Playbook] = {}
    for name, file in files.items():
        file.only("version", "playbooks")
        if name not in groups:
            raise file.error(f"group {name!r} is not known")
        for row in file.rows("playbooks"):
            read = playbook(row, domains, factors)
            if not _ID.fullmatch(read.id):
                raise row.error(f"id {read.id!r} must be lower-case letters, digits and dashes")
            if read.id in found:
                raise row.error(f"id {read.id!r} stands in two files or twice in one")
            found[read.id] = read
    return MappingProxyType(found)


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
    row.only("domains_all", "domains_any", "domains_none", "factors_any", "min_reports", "window_days")
    pattern = PlaybookPattern(
        domains_all=row.names("domains_all", domains),
        domains_any=row.names("domains_any", domains),
        factors_any=row.names("factors_any", factors),
        min_reports=row.count("min_reports"),
        window_days=row.count("window_days"),
        domains_none=row.names("domains_none", domains) if "domains_none" in row.fields else (),
    )
    if not (pattern.domains_all or pattern.domains_any or pattern.factors_any):
        raise row.error("a pattern that asks for nothing fits every report")
    both = [name for name in pattern.domains_none if name in pattern.domains_all + pattern.domains_any]
    if both:
        raise row.error(f"domains_none names {both[0]!r}, which the pattern asks for", row.place("domains_none"))
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
