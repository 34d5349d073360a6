"""Reads what detection counts and goes by: themes, pairs, threshold packs, numbers and the words of management logs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml

from shared.taxonomy.detection_rules import (
    AssetNumbers,
    BunchingNumbers,
    ChangeNumbers,
    DetectionRules,
    RepeatNumbers,
    ReportingNumbers,
    RisingNumbers,
    SeasonNumbers,
    SilenceNumbers,
    ThresholdPack,
    VerdictNumbers,
)
from shared.taxonomy.model import Taxonomy
from shared.taxonomy.pattern import Pattern
from shared.taxonomy.rows import Row, TaxonomyError

__all__ = ["ChangeKind", "DetectionData", "LogWords", "Pair", "Theme", "load_detection_data"]

_YAML: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KINDS: Final = ("drive", "remedy", "change", "lapse")

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Theme:
    """Domains that one season or one process moves together; `kind` is season or process."""

    name: str
    title: str
    kind: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Domains, or a domain and factors, whose meeting is a pattern of its own."""

    domains: tuple[str, ...]
    factors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """A kind of change, its words, the domains in which it would show, and whether it tells where to look at all."""

    name: str
    title: str
    patterns: tuple[Pattern, ...]
    domains: tuple[str, ...]
    telling: bool


@dataclass(frozen=True, slots=True)
class LogWords:
    """The words by which a line of a management log is read.

    Attributes:
        kinds: Patterns by the kind of act: drive, remedy, change, lapse.
        changes: Kinds of change, the most telling first.
        topics: Patterns by domain.
        factors: Patterns by contributory factor.
        unique_assets: Kinds of asset of which a site mostly has one.
    """

    kinds: Mapping[str, tuple[Pattern, ...]]
    changes: tuple[ChangeKind, ...]
    topics: Mapping[str, tuple[Pattern, ...]]
    factors: Mapping[str, tuple[Pattern, ...]]
    unique_assets: frozenset[str]


@dataclass(frozen=True, slots=True)
class DetectionData:
    """Everything that detection takes from data files.

    Attributes:
        version: Of the taxonomy that it belongs to.
        titles: The domains by name, with what a reader calls them.
        factor_titles: The same of contributory factors.
        themes: In the order of the file.
        pairs: In the order of the file.
        packs: Threshold packs, oldest first.
        versions: Rule versions, oldest first.
        log_words: How logs are read.
    """

    version: str
    titles: Mapping[str, str]
    factor_titles: Mapping[str, str]
    themes: tuple[Theme, ...]
    pairs: tuple[Pair, ...]
    packs: tuple[ThresholdPack, ...]
    versions: tuple[DetectionRules, ...]
    log_words: LogWords

    def rules_on(self, day: date) -> DetectionRules:
        """Return the version by which a day is reviewed; the oldest one for days before all."""
        return next((rules for rules in reversed(self.versions) if rules.effective_from <= day), self.versions[0])

    def pack_on(self, day: date, council: str | None = None) -> ThresholdPack:
        """Return the pack that holds on a day for a council, or the one for any council."""
        held = [pack for pack in self.packs if pack.effective_from <= day and pack.council in (council, "any")]
        own = [pack for pack in held if pack.council == council]
        return (own or held or self.packs)[-1]


def load_detection_data(taxonomy: Taxonomy, folder: Path | None = None) -> DetectionData:
    """Read the files of detection.

    Args:
        taxonomy: The vocabulary that they refer to.
        folder: The folder of the YAML files; None for the one that is shipped.

    Returns:
        The data.

    Raises:
        TaxonomyError: a file is missing or inconsistent; the message names file, line and reason.
    """
    folder = folder or Path(__file__).parent / "data"
    names = ("themes", "thresholds", "detection", "detection_log")
    files = {name: _read(folder, f"{name}.yaml") for name in names}
    for row in files.values():
        if row.text("version") != taxonomy.version:
            raise row.error(f"version {row.text('version')} differs from the taxonomy's {taxonomy.version}")
    domains, factors = taxonomy.domains, taxonomy.factors
    return DetectionData(
        version=taxonomy.version,
        titles={name: domain.title for name, domain in domains.items()},
        factor_titles={name: term.title for name, term in factors.items()},
        themes=tuple(_theme(row, domains) for row in files["themes"].rows("themes")),
        pairs=tuple(
            Pair(row.names("domains", domains), row.names("factors", factors)) for row in files["themes"].rows("pairs")
        ),
        packs=_dated(tuple(_pack(row) for row in files["thresholds"].rows("packs"))),
        versions=_dated(tuple(_rules(row) for row in files["detection"].rows("rules"))),
        log_words=_log_words(files["detection_log"], domains, factors),
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


def _theme(row: Row, domains: Collection[str]) -> Theme:
    row.only("name", "title", "kind", "domains")
    kind = row.one_of("kind", ("season", "process"))
    return Theme(row.text("name"), row.text("title"), kind, row.names("domains", domains))


def _pack(row: Row) -> ThresholdPack:
    row.only(*(field.name for field in fields(ThresholdPack)))
    return ThresholdPack(
        id=row.text("id"),
        council=row.text("council"),
        effective_from=_day(row, "effective_from"),
        window_days=row.count("window_days"),
        person=row.count("person"),
        asset=row.count("asset"),
        pathway=row.count("pathway"),
        unanswered_days=row.count("unanswered_days"),
        source=row.text("source"),
    )


def _rules(row: Row) -> DetectionRules:
    row.only(*(field.name for field in fields(DetectionRules)))
    return DetectionRules(
        version=row.text("version"),
        effective_from=_day(row, "effective_from"),
        rising=_numbers(row.section("rising"), RisingNumbers),
        reporting=_numbers(row.section("reporting"), ReportingNumbers),
        season=_numbers(row.section("season"), SeasonNumbers),
        silence=_numbers(row.section("silence"), SilenceNumbers),
        change=_numbers(row.section("change"), ChangeNumbers),
        bunching=_numbers(row.section("bunching"), BunchingNumbers),
        asset=_numbers(row.section("asset"), AssetNumbers),
        repeat=_numbers(row.section("repeat"), RepeatNumbers),
        verdict=_numbers(row.section("verdict"), VerdictNumbers),
    )


def _numbers(row: Row, made: type[N]) -> N:
    """Read one block of numbers: each field whole, fractional, or several whole ones parted by blanks."""
    kinds = {field.name: str(field.type) for field in fields(made)}  # type: ignore[arg-type]  # a dataclass, always
    row.only(*kinds)
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        text = row.text(name)
        try:
            if kind == "int":
                found[name] = int(text)
            elif kind == "float":
                found[name] = float(text)
            else:
                found[name] = tuple(int(part) for part in text.split())
        except ValueError as error:
            raise row.error(f"field {name} must be a number, or whole numbers parted by blanks") from error
    return made(**found)


def _day(row: Row, key: str) -> date:
    try:
        return date.fromisoformat(row.text(key))
    except ValueError as error:
        raise row.error(f"field {key} must be a day, as 2026-11-01") from error


def _dated(found: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(sorted(found, key=lambda item: item.effective_from))


def _log_words(file: Row, domains: Collection[str], factors: Collection[str]) -> LogWords:
    kinds = file.section("kinds")
    kinds.only(*KINDS)
    return LogWords(
        kinds={name: _patterns(kinds, name) for name in KINDS},
        changes=tuple(
            ChangeKind(
                row.text("name"),
                row.text("title"),
                _patterns(row, "patterns"),
                row.names("domains", domains),
                row.flag("telling"),
            )
            for row in file.rows("changes")
        ),
        topics=_by_label(file.section("topics"), domains),
        factors=_by_label(file.section("factors"), factors),
        unique_assets=frozenset(file.section("assets").names("unique", _AnyName())),
    )


def _patterns(row: Row, key: str) -> tuple[Pattern, ...]:
    return tuple(weighted.pattern for weighted in row.patterns(key, needed=True))


def _by_label(row: Row, known: Collection[str]) -> Mapping[str, tuple[Pattern, ...]]:
    row.only(*known)
    return {name: _patterns(row, name) for name in row.fields}


class _AnyName(Collection[str]):
    """Stands for a vocabulary that is open: every name is known."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 0
