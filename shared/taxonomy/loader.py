"""Reads the taxonomy's data files and refuses what is inconsistent; the only part of this room that opens a file."""

import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeVar, cast, get_args

from shared.taxonomy.model import (
    CUES,
    Domain,
    EscalationRule,
    EventClass,
    Group,
    Playbook,
    PlaybookKind,
    PlaybookPattern,
    PlaybookStep,
    Strength,
    Taxonomy,
    Term,
    WeightedPattern,
)
from shared.taxonomy.rows import Row, TaxonomyError, read_rows

__all__ = ["TaxonomyError", "load_taxonomy"]

_RRULE: Final = re.compile(r"FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)(?:;[A-Z]+=[A-Z0-9,+-]+)*")
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")

T = TypeVar("T")


def load_taxonomy(folder: Path | None = None) -> Taxonomy:
    """Read the taxonomy from its data files.

    Args:
        folder: The folder of the YAML files; None for the one that is shipped.

    Returns:
        The whole taxonomy.

    Raises:
        TaxonomyError: a file is missing or inconsistent; the message names file, line and reason.
    """
    folder = folder or Path(__file__).parent / "data"
    files = {
        name: read_rows(folder / f"{name}.yaml")
        for name in (
            "domains",
            "factors",
            "event_classes",
            "severities",
            "how_caught",
            "disruption_kinds",
            "settings",
            "escalation",
            "playbooks",
            "cues",
            "spellings",
        )
    }
    version = _one_version(files)
    severities = _terms(files["severities"], "severities")
    groups = _groups(files["domains"])
    domains = _by_name(files["domains"].rows("domains"), lambda row: _domain(row, groups, severities))
    _refuse_empty_group(files["domains"], groups, domains)
    factors = _terms(files["factors"], "factors")
    codes = _terms(files["escalation"], "codes")
    rules = _by_name(files["escalation"].rows("rules"), lambda row: _escalation_rule(row, codes), key="id")
    return Taxonomy(
        version=version,
        groups=tuple(groups.values()),
        domains=domains,
        factors=factors,
        event_classes=_by_name(files["event_classes"].rows("event_classes"), _event_class),
        severities=severities,
        how_caught=_terms(files["how_caught"], "how_caught"),
        disruption_kinds=_terms(files["disruption_kinds"], "disruption_kinds"),
        settings=_terms(files["settings"], "settings"),
        escalations=codes,
        escalation_rules=tuple(rules.values()),
        playbooks=_by_name(
            files["playbooks"].rows("playbooks"), lambda row: _playbook(row, domains, factors), key="id"
        ),
        cues=_cues(files["cues"]),
        spellings=_spellings(files["spellings"]),
    )


def _one_version(files: Mapping[str, Row]) -> str:
    version = next(iter(files.values())).text("version")
    for row in files.values():
        if row.text("version") != version:
            raise row.error(f"version {row.text('version')} differs from the other files' {version}")
    return version


def _by_name(rows: Iterable[Row], make: Callable[[Row], T], key: str = "name") -> Mapping[str, T]:
    found: dict[str, T] = {}
    for row in rows:
        name = row.text(key)
        if not _NAME.fullmatch(name):
            raise row.error(f"{key} {name!r} must be letters, digits, dots, dashes and underscores")
        if name in found:
            raise row.error(f"{key} {name!r} stands in this file twice")
        found[name] = make(row)
    return MappingProxyType(found)


def _terms(file: Row, key: str) -> Mapping[str, Term]:
    return _by_name(file.rows(key), _term)


def _term(row: Row) -> Term:
    row.only("name", "title", "definition", "patterns")
    return Term(row.text("name"), row.text("title"), row.text("definition"), row.patterns("patterns"))


def _groups(file: Row) -> Mapping[str, Group]:
    return _by_name(file.rows("groups"), lambda row: Group(row.text("name"), row.text("title")))


def _refuse_empty_group(file: Row, groups: Mapping[str, Group], domains: Mapping[str, Domain]) -> None:
    for name in groups:
        if all(domain.group != name for domain in domains.values()):
            raise file.error(f"group {name!r} has no domain")


def _domain(row: Row, groups: Mapping[str, Group], severities: Mapping[str, Term]) -> Domain:
    row.only("name", "title", "group", "definition", "usual_severity", "process", "abbreviations", "patterns")
    patterns = row.patterns("patterns")
    if not patterns:
        raise row.error("field patterns is missing or blank")
    return Domain(
        name=row.text("name"),
        title=row.text("title"),
        group=row.one_of("group", groups),
        definition=row.text("definition"),
        usual_severity=row.one_of("usual_severity", severities),
        process=row.flag("process"),
        abbreviations=MappingProxyType(row.mapping("abbreviations")),
        patterns=patterns,
    )


def _event_class(row: Row) -> EventClass:
    row.only("name", "title", "definition", "in_near_miss_rate")
    return EventClass(row.text("name"), row.text("title"), row.text("definition"), row.flag("in_near_miss_rate"))


def _escalation_rule(row: Row, codes: Mapping[str, Term]) -> EscalationRule:
    row.only("id", "code", "why", "patterns")
    patterns = row.patterns("patterns")
    if not patterns:
        raise row.error("field patterns is missing or blank")
    return EscalationRule(row.text("id"), row.one_of("code", codes), row.text("why"), patterns)


def _playbook(row: Row, domains: Mapping[str, Domain], factors: Mapping[str, Term]) -> Playbook:
    row.only(
        "id", "version", "title", "kind", "pattern", "steps", "cadence", "owner_role", "strength",
        "process_measure", "source",
    )  # fmt: skip
    cadence = row.text_or_none("cadence")
    if cadence is not None and not _RRULE.fullmatch(cadence):
        raise row.error(f"cadence {cadence!r} is no RRULE")
    steps = _by_name(row.rows("steps"), _step, key="id")
    if not steps:
        raise row.error("field steps is missing or blank")
    return Playbook(
        id=row.text("id"),
        version=row.text("version"),
        title=row.text("title"),
        kind=cast(PlaybookKind, row.one_of("kind", get_args(PlaybookKind))),
        pattern=_playbook_pattern(row.section("pattern"), domains, factors),
        steps=tuple(steps.values()),
        cadence=cadence,
        owner_role=row.text("owner_role"),
        strength=cast(Strength, row.one_of("strength", get_args(Strength))),
        process_measure=row.text("process_measure"),
        source=row.text("source"),
    )


def _playbook_pattern(row: Row, domains: Mapping[str, Domain], factors: Mapping[str, Term]) -> PlaybookPattern:
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


def _step(row: Row) -> PlaybookStep:
    row.only("id", "title", "evidence_asked")
    return PlaybookStep(row.text("id"), row.text("title"), row.text("evidence_asked"))


def _cues(file: Row) -> Mapping[str, tuple[WeightedPattern, ...]]:
    cues = file.section("cues")
    cues.only(*CUES)
    missing = [name for name in CUES if not cues.patterns(name)]
    if missing:
        raise cues.error(f"cues {', '.join(missing)} are missing or blank")
    return MappingProxyType({name: cues.patterns(name) for name in cues.fields})


def _spellings(file: Row) -> Mapping[str, str]:
    row = file.section("spellings")
    spellings = file.mapping("spellings")
    for wrong, right in spellings.items():
        if wrong in (right, right.lower()) or right in spellings:
            raise row.error(f"spelling {wrong!r} leads to itself or to another misspelling", row.place(wrong))
    return MappingProxyType(spellings)
