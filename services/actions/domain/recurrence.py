"""When a routine falls due: RFC 5545 recurrence rules over the days of the English calendar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import MAXYEAR, date, datetime, time, timedelta
from itertools import islice
from typing import Final

from dateutil.rrule import rrule, rrulestr

from shared.kernel.clock import london_date
from shared.kernel.errors import Fault, Invalid

RULE_MAX: Final = 200
_FREQ: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_TOO_OFTEN: Final = ("SECONDLY", "MINUTELY", "HOURLY")
_BY_CLOCK: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_WEEKDAY: Final = r"(?:[+-]?[1-9]\d?)?(?:MO|TU|WE|TH|FR|SA|SU)"
_NUMBER: Final = r"[+-]?[1-9]\d{0,2}"
_SHAPES: Final = {
    "FREQ": r"[A-Z]+",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,2}",
    "UNTIL": r"\d{8}(?:T\d{6}Z?)?",
    "WKST": r"MO|TU|WE|TH|FR|SA|SU",
    "BYDAY": rf"{_WEEKDAY}(?:,{_WEEKDAY})*",
    **dict.fromkeys(("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"), rf"{_NUMBER}(?:,{_NUMBER})*"),
}
_CYCLE_YEARS: Final = 28
_LAST_FULL_CYCLE: Final = 9961
"""From 1901 to 2099, and from 9901 to 9999, weekdays and leap years repeat every 28 years."""


def days_due(rule: str, starts_on: date, first: date, last: date) -> list[date]:
    """Return the days on which a rule falls due.

    The rule runs over calendar days and not over moments, so a change of the clocks can neither skip nor
    double a day; what a day is in terms of moments is decided in Europe/London (`shared.kernel.clock`).

    Args:
        rule: The RRULE, checked by `checked_rule`.
        starts_on: Its DTSTART; a day that the rule does not name is not due.
        first: The first day of interest.
        last: The last day of interest, included.

    Returns:
        The days in order.
    """
    found = _recurrence(rule, starts_on).between(_midnight(first), _midnight(last), inc=True)
    return [moment.date() for moment in found]


def checked_rule(rule: str, starts_on: date) -> str:
    """Check a rule of RFC 5545, section 3.3.10.

    Args:
        rule: The RRULE, with or without its name in front.
        starts_on: The day from which it runs, 2000 to 2099.

    Returns:
        The rule in capitals and without its name.

    Raises:
        Invalid: names the part that is wrong, or says that the rule never or too often falls due.
    """
    if len(rule) > RULE_MAX:
        raise _bad(f"at most {RULE_MAX} characters")
    tidy = rule.strip().upper().removeprefix("RRULE:").rstrip(";")
    _check_parts(tidy)
    try:
        recurrence = _recurrence(tidy, _stand_in(starts_on), shift_years=_stand_in(starts_on).year - starts_on.year)
        if not list(islice(_until_the_calendar_ends(recurrence), 1)):
            raise _bad(f"{tidy} never falls due from {starts_on} on")
    except ValueError as error:
        raise _bad(f"{tidy} is no rule of RFC 5545: {error}") from None
    return tidy


def _check_parts(rule: str) -> None:
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        if name in parts:
            raise _bad(f"{name} stands in the rule twice")
        if name in _BY_CLOCK:
            raise _bad(f"{name} is not possible: a routine falls due on days, at most once a day")
        if name not in _SHAPES:
            raise _bad(f"{name or part or 'an empty part'} is no part of a rule that is known here")
        if not re.fullmatch(_SHAPES[name], value):
            raise _bad(f"{name} cannot be {value or 'empty'}")
        parts[name] = value
    frequency = parts.get("FREQ")
    if frequency in _TOO_OFTEN:
        raise _bad(f"FREQ={frequency} falls due too often: at most once a day")
    if frequency not in _FREQ:
        raise _bad(f"FREQ must be one of {', '.join(_FREQ)}")
    if frequency in ("DAILY", "WEEKLY") and re.search(r"\d", parts.get("BYDAY", "")):
        raise _bad(f"BYDAY={parts['BYDAY']} counts days of a month or year, which FREQ={frequency} has not")
    if "COUNT" in parts and "UNTIL" in parts:
        raise _bad("COUNT and UNTIL cannot stand in one rule")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise _bad("BYSETPOS needs another BY part beside it")


def _recurrence(rule: str, starts_on: date, shift_years: int = 0) -> rrule:
    kept = [part for part in rule.split(";") if not part.startswith("UNTIL=")]
    made = rrulestr(";".join(kept), dtstart=_midnight(starts_on))
    assert isinstance(made, rrule), "one rule makes one rrule"
    until = next((part.removeprefix("UNTIL=") for part in rule.split(";") if part.startswith("UNTIL=")), None)
    if until is None:
        return made
    day = _last_day(until)
    if day.year + shift_years > MAXYEAR:
        return made
    return made.replace(until=_midnight(day.replace(year=day.year + shift_years)))


def _last_day(until: str) -> date:
    """Read UNTIL: a day, a moment on a wall in England, or a moment in UTC."""
    if len(until) == 8:
        return datetime.strptime(until, "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
    if until.endswith("Z"):
        return london_date(datetime.strptime(until + "+0000", "%Y%m%dT%H%M%SZ%z"))
    return datetime.strptime(until, "%Y%m%dT%H%M%S").date()  # noqa: DTZ007 - a wall clock in England


def _stand_in(starts_on: date) -> date:
    """Return a day with the same calendar after it, shortly before the calendar's end.

    A rule that never falls due would be searched to the year 9999; from this day on the search is at
    most 38 years long, and finds what it would find from the true day within ten years.
    """
    if not 2000 <= starts_on.year <= 2099:
        raise Invalid("a routine cannot start on that day", (Fault("must lie from 2000 to 2099", "starts_on"),))
    for year in range(_LAST_FULL_CYCLE, _LAST_FULL_CYCLE + _CYCLE_YEARS):
        if date(year, 1, 1).weekday() == date(starts_on.year, 1, 1).weekday() and _leap_phase(year) == _leap_phase(
            starts_on.year
        ):
            return starts_on.replace(year=year)
    raise AssertionError("28 years hold every year of the cycle once")


def _leap_phase(year: int) -> int:
    return year % 4


def _until_the_calendar_ends(recurrence: rrule) -> Iterator[datetime]:
    try:
        yield from recurrence
    except OverflowError:
        return


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def _bad(detail: str) -> Invalid:
    return Invalid("the rule cannot be used", (Fault(detail, "rule"),))


def horizon(today: date, weeks: int) -> date:
    """Return the last day for which occurrences are made ahead.

    Args:
        today: The present day in England.
        weeks: How many weeks ahead, 1 or more.
    """
    return today + timedelta(weeks=weeks)
