"""Guesses which columns of somebody else's file say what, from headings and values; a person confirms it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from services.intake.domain.mapping import ImportMap
from services.intake.domain.times import parse_moment

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "external_reference.id": (
        "incident no", "incident number", "incident id", "incident ref", "reference", "ref", "web ref", "datix ref",
        "record id", "source id", "report id", "id",
    ),
    "text": (
        "description", "description of incident", "incident description", "what happened", "narrative", "text",
        "details of incident", "event description", "details", "summary", "circumstances",
    ),
    "occurred_at": (
        "incident date", "date of incident", "date occurred", "event date", "date of event", "occurred at",
        "occurred on", "occurred", "date and time", "when", "date",
    ),
    "reported_at": ("reported date", "date reported", "reported at", "reported on", "opened date", "received date"),
    "site_id": (
        "site id", "site", "site name", "home", "home name", "care home", "service", "service name", "branch",
        "facility", "facility id", "location name", "location", "unit",
    ),
    "place": ("exact location", "location exact", "place", "room", "area", "where"),
    "what_stopped_it": ("what stopped it", "how was it prevented", "what prevented harm", "immediate action taken"),
    "reporter_role": ("reporter role", "role of reporter", "job title", "staff group", "i am"),
    "person.id": ("resident id", "client id", "service user id", "person id"),
    "person.name": ("resident", "resident name", "service user", "client", "client name", "person affected"),
    "reporter.name": ("reporter", "reporter name", "reported by"),
    "asset_ref": ("asset", "asset number", "asset no", "equipment number", "equipment id"),
    "given_labels.labels.domains": ("category", "incident category", "incident type", "type", "domain", "cause group"),
}  # fmt: skip
"""What such columns are called, likeliest first."""
_TIMES = ("incident time", "time of incident", "time occurred", "time of event", "time")
_DATED = ("occurred_at", "reported_at")
_CODED = {"site_id", "reporter_role", "given_labels.labels.domains"}
MOST = 0.8
HALF = 0.5
TEXT_CHARS = 40
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[ap]\.?m\.?)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its heading and distinct values that were seen, first ones first."""

    heading: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """One field, the column or columns that it is taken from, and why."""

    target: str
    columns: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to confirm: a map, how each of its parts was found, and what is not used."""

    import_map: ImportMap
    guesses: tuple[Guess, ...]
    unused: tuple[str, ...]
    missing: tuple[str, ...]


def plain(heading: str) -> str:
    """Return a heading or name in lower case, words parted by single spaces."""
    return " ".join(re.findall(r"[a-z0-9]+", heading.lower()))


def guess_map(columns: Sequence[Column], sites: Mapping[str, str], domains: Mapping[str, str], system: str) -> Proposal:
    """Guess how rows become reports.

    Args:
        columns: The file's columns.
        sites: Site ids by id and by each name that a site has or had.
        domains: Domains of the taxonomy by id and by label.
        system: What the source system is called.
    """
    by_name = {plain(name): site_id for name, site_id in sites.items()}
    by_domain = {plain(name): domain for name, domain in domains.items()}
    free = list(columns)
    guesses: list[Guess] = []
    values: dict[str, dict[str, object]] = {}
    for target in _HEADINGS:
        found = _find(target, free, by_name, by_domain)
        if found is None:
            continue
        column, why = found
        free.remove(column)
        taken: tuple[str, ...] = (column.heading,)
        if target == "occurred_at" and (clock := _clock_of(free, column)):
            free.remove(clock)
            taken = (column.heading, clock.heading)
        if target in _CODED:
            values[column.heading] = _values(target, column, by_name, by_domain)
        guesses.append(Guess(target, taken, why))
    fields = {guess.target: guess.columns[0] if len(guess.columns) == 1 else guess.columns for guess in guesses}
    constants: dict[str, object] = {}
    if "external_reference.id" in fields:
        constants["external_reference.system"] = system
    if "given_labels.labels.domains" in fields:
        constants["given_labels.source_system"] = system
    missing = tuple(target for target in ("site_id", "text") if target not in fields)
    return Proposal(
        ImportMap(fields, constants, {name: one for name, one in values.items() if one}),
        tuple(guesses),
        tuple(column.heading for column in free),
        missing,
    )


def _find(
    target: str, free: Sequence[Column], sites: Mapping[str, str], domains: Mapping[str, str]
) -> tuple[Column, str] | None:
    """Return the column of a target: by its heading where the values fit, else by the values alone."""
    fits = _fitting(target, sites, domains)
    for name in _HEADINGS[target]:
        for column in free:
            if plain(column.heading) == name and fits(column) is not False:
                return column, "heading and values" if fits(column) else "heading"
    if target == "text":
        longest = max(free, key=_length, default=None)
        return (longest, "longest texts") if longest and _length(longest) >= TEXT_CHARS else None
    if target == "site_id":
        named = [column for column in free if _share(column, lambda value: plain(value) in sites) >= HALF]
        return (named[0], "names of known sites") if named else None
    return None


def _fitting(target: str, sites: Mapping[str, str], domains: Mapping[str, str]) -> Callable[[Column], bool | None]:
    """Return a test of a column's values: True where they speak for the target, False against, None where neither."""
    if target in _DATED:
        return lambda column: _share(column, _is_moment) >= MOST
    if target == "site_id":
        return lambda column: True if _share(column, lambda value: plain(value) in sites) >= HALF else None
    if target == "given_labels.labels.domains":
        return lambda column: _share(column, lambda value: plain(value) in domains) >= HALF
    if target == "external_reference.id":
        return lambda column: None if column.values else False
    if target == "text":
        return lambda column: True if _length(column) >= TEXT_CHARS else None
    return lambda _: None


def _values(target: str, column: Column, sites: Mapping[str, str], domains: Mapping[str, str]) -> dict[str, object]:
    """Say what the column's values mean; a value that is not known stays as it is and is refused by name later."""
    if target == "site_id":
        return {value: sites[plain(value)] for value in column.values if plain(value) in sites}
    if target == "reporter_role":
        return {value: plain(value).replace(" ", "_") for value in column.values if plain(value)}
    known = {value: [domains[plain(value)]] for value in column.values if plain(value) in domains}
    return {value: known.get(value, "") for value in column.values}


def _clock_of(free: Sequence[Column], dates: Column) -> Column | None:
    """Return the column of times that belongs to dates without any."""
    if _share(dates, lambda value: ":" in value) > 0:
        return None
    for name in _TIMES:
        for column in free:
            if plain(column.heading) == name and _share(column, lambda v: bool(_CLOCK.fullmatch(v))) >= MOST:
                return column
    return None


def _share(column: Column, holds: Callable[[str], bool]) -> float:
    filled = [value for value in column.values if value]
    return sum(map(holds, filled)) / len(filled) if filled else 0.0


def _length(column: Column) -> float:
    return median(map(len, column.values)) if column.values else 0.0


def _is_moment(value: str) -> bool:
    try:
        parse_moment(value)
    except ValueError:
        return False
    return True
