"""How long the words of a report are kept: classes as data; at the end a person decides, nothing goes by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from services.intake.domain.progress import Labels
from shared.kernel.clock import london_date

KEEP: Final = "keep"
ERASE: Final = "erase"
DECISIONS: Final = (KEEP, ERASE)


@dataclass(frozen=True, slots=True)
class RetentionClass:
    """One class.

    Attributes:
        keep_days: Days from receipt to the appraisal.
        any_escalation: Whether it is for reports with any escalate code.
        severities: Potential severities that it is for; empty with no escalation asked: everything.
        basis: Why so long.
    """

    name: str
    keep_days: int
    basis: str
    any_escalation: bool = False
    severities: tuple[str, ...] = ()

    def fits(self, labels: Labels) -> bool:
        """Tell whether a report belongs to it."""
        if self.any_escalation:
            return bool(labels.escalate)
        return not self.severities or labels.severity in self.severities


@dataclass(frozen=True, slots=True)
class Retention:
    """All classes in order, with their version."""

    version: str
    classes: tuple[RetentionClass, ...]

    def class_of(self, labels: Labels) -> RetentionClass:
        """Return the first class that fits; the last one is for everything."""
        return next((one for one in self.classes if one.fits(labels)), self.classes[-1])

    def shortest_days(self) -> int:
        """Return the days before which nothing is due."""
        return min(one.keep_days for one in self.classes)

    def due_on(self, received_at: datetime, labels: Labels) -> date:
        """Return the day on which a report is to be appraised first."""
        return london_date(received_at + timedelta(days=self.class_of(labels).keep_days))


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What a person decided at the end of a report's time.

    Attributes:
        decision: keep or erase.
        next_on: When it is appraised again; None where it was erased.
    """

    provider_id: str
    report_id: str
    decision: str
    reason: str
    class_name: str
    version: str
    by_subject: str
    by_role: str
    at: datetime
    next_on: date | None


def read_retention(data: Mapping[str, Any]) -> Retention:
    """Read the classes from their data file.

    Raises:
        ValueError: there is none, or the last one is not for everything.
    """
    rows: Sequence[Mapping[str, Any]] = data["classes"]
    classes = tuple(
        RetentionClass(
            row["name"],
            int(row["keep_days"]),
            row["basis"],
            bool(row.get("any_escalation", False)),
            tuple(row.get("severities", ())),
        )
        for row in rows
    )
    if not classes or not classes[-1].fits(Labels({})):
        raise ValueError("retention: the last class must be for everything")
    return Retention(str(data["version"]), classes)
