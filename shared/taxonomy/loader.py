"""Reads the taxonomy's data files and refuses what is inconsistent; the only part of this room that opens a file."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import yaml

from shared.taxonomy.model import (
    CUES,
    Domain,
    EscalationRule,
    EventClass,
    Group,
    Taxonomy,
    Term,
    WeightedPattern,
)
from shared.taxonomy.playbook_rows import playbooks
from shared.taxonomy.rows import Row, TaxonomyError

__all__ = ["TaxonomyError", "load_taxonomy", "read_folder"]

_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILES: Final = (
    "domains",
    "factors",
    "event_classes",
    "severities",
    "how_caught",
    "disruption_kinds",
    "settings",
    "escalation",
    "spellings",
)
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
    files = {name: _read(folder, f"{name}.yaml") for name in _FILES}
    domain_words = read_folder(folder, "domains")
    rule_files = read_folder(folder, "escalation")
    cue_files = read_folder(folder, "cues")
    remedies = read_folder(folder, "playbooks")
    folders = (domain_words, rule_files, cue_files, remedies)
    version = _one_version((*files.values(), *(file for found in folders for file in found.values())))
    severities = _terms(files["severities"], "severities")
    groups = _by_name(files["domains"].rows("groups"), lambda row: Group(row.text("name"), row.text("title")))
    domains = _by_name(files["domains"].rows("domains"), lambda row: _domain(row, groups, severities, domain_words))
    _refuse_unused(files["domains"], groups, domains, domain_words)
    factors = _terms(files["factors"], "factors")
    codes = _terms(files["escalation"], "codes")
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
        escalation_rules=_escalation_rules(rule_files, codes),
        playbooks=playbooks(remedies, groups, domains, factors),
        cues=_cues(cue_files),
        spellings=_spellings(files["spellings"]),
    )


def _read(folder: Path, name: str) -> Row:
    try:
        node = yaml.compose((folder / name).read_text(encoding="utf-8"), Loader=_YAML)
    except FileNotFoundError as error:
        raise TaxonomyError(f"{name}:1: the file is missing") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TaxonomyError(f"{name}:{line}: {error.problem}") from error
    if node is None:
        raise TaxonomyError(f"{name}:1: the file is empty")
    return Row(name, node)


def read_folder(folder: Path, name: str) -> dict[str, Row]:
    """Read all files of a folder of the data.

    Args:
        folder: The data.
        name: The folder in it.

    Returns:
        The files by name without ending, in order.

    Raises:
        TaxonomyError: a file is no YAML mapping.
    """
    return {path.stem: _read(folder, f"{name}/{path.name}") for path in sorted((folder / name).glob("*.yaml"))}


def _one_version(files: Sequence[Row]) -> str:
    version = files[0].text("version")
    for row in files:
        if row.text("version") != version:
            raise row.error(f"version {row.text('version')} differs from the other files' {version}")
    return version


def _by_name(rows: Iterable[Row], make: Callable[[Row], T]) -> Mapping[str, T]:
    found: dict[str, T] = {}
    for row in rows:
        name = row.text("name")
        if not _NAME.fullmatch(name):
            raise row.error(f"name {name!r} must be letters, digits, dots, dashes and underscores")
        if name in found:
            raise row.error(f"name {name!r} stands in this file twice")
        found[name] = make(row)
    return MappingProxyType(found)


def _terms(file: Row, key: str) -> Mapping[str, Term]:
    return _by_name(file.rows(key), _term)


def _term(row: Row) -> Term:
    row.only("name", "title", "definition", "patterns")
    return Term(row.text("name"), row.text("title"), row.text("definition"), row.patterns("patterns"))


def _refuse_unused(
    file: Row, groups: Mapping[str, Group], domains: Mapping[str, Domain], domain_words: Mapping[str, Row]
) -> None:
    for name in groups:
        if all(domain.group != name for domain in domains.values()):
            raise file.error(f"group {name!r} has no domain")
    for name, row in domain_words.items():
        if name not in domains:
            raise row.error(f"domain {name!r} is not known")


def _domain(
    row: Row, groups: Mapping[str, Group], severities: Mapping[str, Term], domain_words: Mapping[str, Row]
) -> Domain:
    row.only("name", "title", "group", "definition", "usual_severity", "process", "abbreviations")
    name = row.text("name")
    if name not in domain_words:
        raise row.error(f"domains/{name}.yaml is missing")
    domain_words[name].only("version", "patterns")
    return Domain(
        name=name,
        title=row.text("title"),
        group=row.one_of("group", groups),
        definition=row.text("definition"),
        usual_severity=row.one_of("usual_severity", severities),
        process=row.flag("process"),
        abbreviations=MappingProxyType(row.mapping("abbreviations")),
        patterns=domain_words[name].patterns("patterns", needed=True),
    )


def _event_class(row: Row) -> EventClass:
    row.only("name", "title", "definition", "in_near_miss_rate")
    return EventClass(row.text("name"), row.text("title"), row.text("definition"), row.flag("in_near_miss_rate"))


def _escalation_rules(files: Mapping[str, Row], codes: Mapping[str, Term]) -> tuple[EscalationRule, ...]:
    """The rules in the order of their codes, whatever file they stand in."""
    rules: dict[str, EscalationRule] = {}
    for file in files.values():
        file.only("version", "code", "rules")
        code = file.one_of("code", codes)
        for row in file.rows("rules"):
            row.only("id", "why", "patterns")
            if row.text("id") in rules:
                raise row.error(f"id {row.text('id')!r} stands in two files or twice in one")
            rules[row.text("id")] = EscalationRule(
                row.text("id"), code, row.text("why"), row.patterns("patterns", needed=True)
            )
    order = list(codes)
    return tuple(sorted(rules.values(), key=lambda rule: order.index(rule.code)))


def _cues(files: Mapping[str, Row]) -> Mapping[str, tuple[WeightedPattern, ...]]:
    found: dict[str, tuple[WeightedPattern, ...]] = {}
    for file in files.values():
        cues = file.section("cues")
        cues.only(*CUES)
        for name in cues.fields:
            if name in found:
                raise cues.error(f"cue {name!r} stands in two files", cues.place(name))
            found[name] = cues.patterns(name, needed=True)
    missing = [name for name in CUES if name not in found]
    if missing:
        raise TaxonomyError(f"cues:1: {', '.join(missing)} stand in no file")
    return MappingProxyType(found)


def _spellings(file: Row) -> Mapping[str, str]:
    row = file.section("spellings")
    spellings = file.mapping("spellings")
    for wrong, right in spellings.items():
        if wrong in (right, right.lower()) or right in spellings:
            raise row.error(f"spelling {wrong!r} leads to itself or to another misspelling", row.place(wrong))
    return MappingProxyType(spellings)
