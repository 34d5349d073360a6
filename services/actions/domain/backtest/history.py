"""Reads the lines of a history, in any order, and refuses what is wrong by line, field and what to do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from services.actions.domain.detection.facts import (
    ExposureWeek,
    LogLine,
    ReportFact,
    SiteCard,
    hurt_someone,
    reached_someone,
    week_of,
)
from services.actions.domain.detection.log_lines import assets_in
from services.actions.domain.detection.series import SeriesBook
from shared.kernel.clock import london_date
from shared.matching.same_event import marks_of

__all__ = ["BadLine", "History", "Told", "read_history"]

DAY_MIN, DAY_MAX = date(1990, 1, 1), date(2200, 1, 1)
SERIOUS = ("severe", "death")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
KINDS = ("site", "exposure", "log", "report")


class BadLine(ValueError):
    """A line that cannot be read; the message names line, field and what to do."""

    def __init__(self, line: int, field_name: str, reason: str) -> None:
        super().__init__(f"line {line}, field {field_name}: {reason}")


@dataclass(frozen=True, slots=True)
class Told:
    """A report with what orders it within its day."""

    stamp: str
    fact: ReportFact


@dataclass(slots=True)
class History:
    """Everything in a file.

    Attributes:
        sites: By id.
        exposure: In order of week.
        log: In order of day.
        told: In order of the day of telling.
    """

    sites: dict[str, SiteCard] = field(default_factory=dict)
    exposure: list[ExposureWeek] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    @property
    def first_day(self) -> int | None:
        """Return the first day that anything is dated by; None of an empty file."""
        return min(self._days(lambda week: week * 7 + 1), default=None)

    @property
    def last_day(self) -> int | None:
        """Return the last day that anything is dated by."""
        return max(self._days(lambda week: week * 7 + 7), default=None)

    def _days(self, of_week: Callable[[int], int]) -> list[int]:
        found = [row.day for row in self.log] + [told.fact.day for told in self.told]
        return found + [of_week(row.week) for row in self.exposure]


def read_history(lines: Iterable[bytes], book: SeriesBook) -> History:
    """Read a history.

    Args:
        lines: NDJSON; empty lines are passed over.
        book: The series, to know what each report counts in.

    Returns:
        The history, sorted so that the order of the lines does not matter.

    Raises:
        BadLine: a line is wrong.
    """
    found = History()
    seen: dict[tuple[str, str], int] = {}
    rows: list[tuple[int, Row]] = []
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(BYTE_ORDER_MARK)  # noqa: PLW2901 - the mark is no part of the line
        if line.strip():
            row = _row(number, line)
            rows.append((number, row))
            if row.text("kind") == "site":
                _once(seen, number, ("site", row.text("site")), "site")
                found.sites[row.text("site")] = _site(row)
    for number, row in rows:
        kind = row.text("kind")
        if kind == "site":
            continue
        _known_site(found, row)
        if kind == "exposure":
            exposure = _exposure(row)
            _once(seen, number, ("exposure", f"{exposure.site}|{exposure.week}|{exposure.unit}"), "week_start")
            found.exposure.append(exposure)
        elif kind == "log":
            found.log.append(LogLine(row.text("site"), row.day("date"), row.text("text")))
        else:
            _once(seen, number, ("report", row.text("report_id")), "report_id")
            found.told.append(_told(row, book))
    found.exposure.sort(key=lambda row: (row.week, row.site, row.unit))
    found.log.sort(key=lambda line: (line.day, line.site, line.text))
    found.told.sort(key=lambda told: (told.fact.day, told.stamp, told.fact.report_id))
    return found


class Row:
    """One line's object, read field by field."""

    def __init__(self, number: int, values: Mapping[str, Any]) -> None:
        self.number = number
        self.values = values

    def error(self, name: str, reason: str) -> BadLine:
        """Make the error that names the line and the field."""
        return BadLine(self.number, name, reason)

    def text(self, name: str) -> str:
        """Read a text that must be there."""
        value = self.values.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, "is missing or no text; give text")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Read a text that may be absent or null."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise self.error(name, "is no text; give text, or null where there is none")
        return value or None

    def number_or_none(self, name: str) -> float | None:
        """Read a number of 0 or more that may be absent or null."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
            raise self.error(name, "is no number of 0 or more; give one, or null where it is not known")
        return float(value)

    def moment(self, name: str) -> tuple[int, int | None, str]:
        """Read a day, or a moment in England: day number, minute of the day if told, and the text itself."""
        text = self.text(name)
        try:
            if len(text) == 10:
                return self._bounded(name, date.fromisoformat(text)), None, text
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise self.error(name, "is no day; give YYYY-MM-DD, or a moment as 2026-03-02T09:30:00+00:00") from error
        if moment.tzinfo is None:
            return self._bounded(name, moment.date()), moment.hour * 60 + moment.minute, text
        day = london_date(moment)
        return self._bounded(name, day), moment.hour * 60 + moment.minute, text

    def day(self, name: str) -> int:
        """Read a day number."""
        return self.moment(name)[0]

    def words(self, name: str) -> tuple[str, ...]:
        """Read a list of words; absent or null is none."""
        value = self.values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise self.error(name, "is no list of words; give a list of text")
        return tuple(dict.fromkeys(value))

    def _bounded(self, name: str, day: date) -> int:
        if not DAY_MIN <= day <= DAY_MAX:
            raise self.error(name, f"lies outside {DAY_MIN} to {DAY_MAX}; mend the year")
        return day.toordinal()


def _row(number: int, line: bytes) -> Row:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BadLine(number, "kind", "the line is not strict JSON; give one JSON object a line") from error
    if not isinstance(values, dict):
        raise BadLine(number, "kind", "the line is no object; give one JSON object a line")
    if values.get("kind") not in KINDS:
        raise BadLine(number, "kind", f"is missing or unknown; give one of {', '.join(KINDS)}")
    return Row(number, values)


def _once(seen: dict[tuple[str, str], int], number: int, key: tuple[str, str], name: str) -> None:
    if key in seen:
        raise BadLine(number, name, f"stands already in line {seen[key]}; keep one of them")
    seen[key] = number


def _known_site(found: History, row: Row) -> None:
    if row.text("site") not in found.sites:
        raise row.error("site", "is not among the lines of kind site; add a line for the site")


def _site(row: Row) -> SiteCard:
    return SiteCard(row.text("site"), row.text("name"), row.text("setting"), row.number_or_none("size"))


def _exposure(row: Row) -> ExposureWeek:
    monday = row.day("week_start")
    if (monday - 1) % 7:
        raise row.error("week_start", "is no Monday; give the Monday of the week")
    value, accidents = row.number_or_none("exposure"), row.number_or_none("accident_book_entries")
    unit = row.text_or_none("exposure_unit") or ""
    return ExposureWeek(row.text("site"), week_of(monday), value, unit, accidents)


def _told(row: Row, book: SeriesBook) -> Told:
    day, _, stamp = row.moment("reported")
    occurred, minute = (day, None) if row.values.get("occurred") is None else row.moment("occurred")[:2]
    if occurred > day:
        raise row.error("occurred", "is after reported; mend one of the two days")
    given = row.values.get("labels")
    if given is not None and not isinstance(given, dict):
        raise row.error("labels", "is no object; give the labels as an object, or null")
    labels = Row(row.number, given or {})
    domains, factors = labels.words("domains"), labels.words("contributory_factors")
    severity, escalate = labels.text_or_none("potential_severity"), labels.values.get("escalate")
    near = labels.values.get("is_near_miss")
    if near is not None and not isinstance(near, bool):
        raise labels.error("is_near_miss", "is neither true nor false; give one of them")
    escalated = labels.words("escalate") if isinstance(escalate, list) else labels.text_or_none("escalate")
    text = row.text_or_none("text")
    assets = assets_in(text) if text else ()
    fact = ReportFact(
        report_id=row.text("report_id"),
        site=row.text("site"),
        day=day,
        occurred=occurred,
        occurred_minute=minute,
        domains=domains,
        primary=labels.text_or_none("primary_domain"),
        factors=factors,
        rows=book.rows_of(domains, factors),
        serious=severity in SERIOUS or reached_someone(near, bool(escalated)),
        harm=hurt_someone(near, bool(escalated), labels.text_or_none("event_class")),
        severity=severity,
        asset=row.text_or_none("asset") or (assets[0] if assets else None),
        person=row.text_or_none("person"),
        marks=marks_of(text) if text else frozenset(),
    )
    return Told(stamp, fact)
