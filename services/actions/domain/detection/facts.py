"""What detection keeps of sites, reports, exposure and management logs: compact facts, no text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from shared.taxonomy.event_class import NO_HARM

__all__ = [
    "DAYS_KEPT",
    "ExposureWeek",
    "LogLine",
    "ReportFact",
    "SiteCard",
    "day_of",
    "hurt_someone",
    "monday_of",
    "reached_someone",
    "week_of",
]

DAYS_KEPT: Final = 400
"""Facts are kept for so many days; weekly counts of older ones stay."""


@dataclass(frozen=True, slots=True)
class SiteCard:
    """A site as detection needs it; `size` is beds, tenancies or clients, None where not known."""

    site: str
    name: str
    setting: str
    size: float | None = None


@dataclass(frozen=True, slots=True)
class ExposureWeek:
    """Care delivered at a site in one week.

    Attributes:
        week: Week number, see `week_of`.
        value: 0 or more, in `unit`; None where it is not known.
        unit: Of exposure; only weeks of one unit are compared.
        accidents: Entries of the accident book, a measure that does not depend on who reports; None if not known.
    """

    site: str
    week: int
    value: float | None
    unit: str
    accidents: float | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """Something that management did on a day, in its own words; `ref` is the id of the line where it has one."""

    site: str
    day: int
    text: str
    ref: str = ""


@dataclass(slots=True)
class ReportFact:
    """One report without its text.

    Attributes:
        day: When staff told it, as a day number; detection goes by it.
        occurred: The day on which it happened.
        occurred_minute: Minute of that day where the time is known.
        rows: The series that it counts in, by number.
        serious: Whether it could have done, or did, severe harm or worse, or somebody senior must see it.
        harm: Whether the event reached someone and hurt them, see `hurt_someone`.
        asset: The asset that it is about, by the register or the text.
        marks: Hashes of the text's words, kept for days only.
        held: Hidden from the site; never evidence of a signal.
        repeats: The id of the first report of the same event; such a report does not count.
    """

    report_id: str
    site: str
    day: int
    occurred: int
    occurred_minute: int | None
    domains: tuple[str, ...]
    primary: str | None
    factors: tuple[str, ...]
    rows: tuple[int, ...]
    serious: bool
    harm: bool
    severity: str | None = None
    asset: str | None = None
    person: str | None = None
    held: bool = False
    marks: frozenset[int] = field(default_factory=frozenset)
    repeats: str | None = None

    @property
    def counts(self) -> bool:
        """Tell whether the report is evidence: not held, and the first of its event."""
        return self.repeats is None and not self.held


def reached_someone(near_miss: object, escalated: bool) -> bool:
    """Tell whether the event completed: it is labelled as no near miss, and an escalation code stands."""
    return near_miss is False and escalated


def hurt_someone(near_miss: object, escalated: bool, event_class: object) -> bool:
    """Tell whether an event is harm to the guard of verdicts.

    Args:
        near_miss: The label `is_near_miss`.
        escalated: Whether an escalation code stands.
        event_class: The event class; None where nobody has said one.

    Returns:
        True if it reached someone, unless its class is NO_HARM: it reached the person without detectable harm (WHO's
        no-harm incident), however grave it could have been. Such an event counts in its series like any other.
    """
    return reached_someone(near_miss, escalated) and event_class != NO_HARM


def week_of(day: int) -> int:
    """Return the number of the week, Monday to Sunday, that a day lies in.

    Args:
        day: A proleptic Gregorian ordinal, as `date.toordinal` gives it.
    """
    return (day - 1) // 7


def monday_of(week: int) -> int:
    """Return the day number of a week's Monday."""
    return week * 7 + 1


def day_of(number: int) -> date:
    """Return the calendar day of a day number."""
    return date.fromordinal(number)
