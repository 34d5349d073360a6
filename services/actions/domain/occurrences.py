"""One time that a routine falls due: what may become of it, and what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from shared.kernel.errors import Conflict, Fault, Invalid

PLANNED, DUE, DONE, MISSED = "planned", "due", "done", "missed"
STATUSES: Final = (PLANNED, DUE, DONE, MISSED)
OPEN: Final = (PLANNED, DUE, MISSED)
"""What can still be carried out; a missed one late."""
CHECKLIST, INSPECTION, VERIFICATION = "checklist", "inspection", "verification"
ASSETS_MAX: Final = 500
COUNT_MAX: Final = 1_000_000
_FIELDS: Final = {
    CHECKLIST: ("done", "of"),
    INSPECTION: ("assets_checked", "assets_faulty"),
    VERIFICATION: ("checked", "wrong", "corrected"),
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The whole state of one occurrence.

    Attributes:
        version: 0 while it is only planned and nobody was told, then up by one with every event.
        grace_days: So many days after the due day it counts as missed.
        checked: Assets, records or points that were looked at.
        wrong: Those of them that were faulty, wrong or not done.
        corrected: Records that were put right; None where that is no question.
        escalated_to: The role that was asked, at `escalated_at`, because nobody carried it out.
    """

    occurrence_id: str
    provider_id: str
    site_id: str
    routine_id: str
    version: int
    kind: str
    title: str
    status: str
    due_on: date
    grace_days: int
    owner_role: str
    visibility: str = "site"
    done_at: datetime | None = None
    done_by_role: str | None = None
    checked: int | None = None
    wrong: int | None = None
    corrected: int | None = None
    assets_checked: tuple[str, ...] = ()
    assets_faulty: tuple[str, ...] = ()
    note: str | None = None
    escalated_to: str | None = None
    escalated_at: datetime | None = None

    @property
    def missed_on(self) -> date:
        """Return the first day on which its grace is over."""
        return self.due_on + timedelta(days=self.grace_days + 1)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, in the fields of the kind; None and empty where nothing was said.

    Attributes:
        done: Points of a checklist that were done.
        of: Points that it has.
        assets_checked: References of the assets that were looked at.
        assets_faulty: Those of them with a fault.
        checked: Records that were looked at.
        wrong: Those of them that were wrong.
        corrected: Those of the wrong ones that were put right.
        note: A short note, already redacted.
    """

    done: int | None = None
    of: int | None = None
    assets_checked: Sequence[str] | None = None
    assets_faulty: Sequence[str] | None = None
    checked: int | None = None
    wrong: int | None = None
    corrected: int | None = None
    note: str | None = None


def without_words(occurrence: Occurrence) -> Occurrence:
    """Leave out what people typed, for readers of numbers alone."""
    return replace(occurrence, note=None)


def moved_on(occurrence: Occurrence, today: date) -> Occurrence:
    """Let the calendar act: a planned one falls due on its day, a due one is missed when its grace is over.

    Args:
        occurrence: As it is stored.
        today: The present day in England.

    Returns:
        The next state, or this very one where its time has not come; one step at a time.
    """
    if occurrence.status == PLANNED and occurrence.due_on <= today:
        return replace(occurrence, version=occurrence.version + 1, status=DUE)
    if occurrence.status == DUE and (today - occurrence.due_on).days > occurrence.grace_days:
        return replace(occurrence, version=occurrence.version + 1, status=MISSED)
    return occurrence


def complete(occurrence: Occurrence, version: int, findings: Findings, role: str, at: datetime) -> Occurrence:
    """Write down that it was carried out, and what was found.

    Args:
        occurrence: As it is stored.
        version: As it was seen.
        findings: What was found.
        role: The role that did it.
        at: The present moment.

    Raises:
        Conflict: it has moved on, or is done already.
        Invalid: names the finding that is missing, does not belong to the kind or contradicts another.
    """
    expect(occurrence, version, "completed")
    counts = _counts(occurrence.kind, findings)
    return replace(
        occurrence,
        version=version + 1,
        status=DONE,
        done_at=at,
        done_by_role=role,
        escalated_to=None,
        escalated_at=None,
        assets_checked=tuple(findings.assets_checked or ()),
        assets_faulty=tuple(findings.assets_faulty or ()),
        note=findings.note,
        checked=counts[0],
        wrong=counts[1],
        corrected=counts[2],
    )


def expect(occurrence: Occurrence, version: int, act: str) -> None:
    """Refuse an act on an occurrence that has moved on or is done.

    Args:
        occurrence: As it is stored.
        version: As it was seen.
        act: The act, for the message.

    Raises:
        Conflict: names the version, or the status and the act.
    """
    name = f"occurrence {occurrence.occurrence_id}"
    if occurrence.version != version:
        fault = Fault(f"the current version is {occurrence.version}", "version")
        raise Conflict(f"{name} is at version {occurrence.version}, not {version}: read it and decide again", (fault,))
    if occurrence.status not in OPEN:
        raise Conflict(f"{name} is {occurrence.status} and cannot be {act}: only {', '.join(OPEN)} ones can")


def _counts(kind: str, found: Findings) -> tuple[int, int, int | None]:
    """Return checked, wrong and corrected in the words of the kind."""
    own = _FIELDS[kind]
    said = ", ".join(own)
    faults = [
        Fault(f"does not belong to a routine of kind {kind}, which says {said}", name)
        for names in _FIELDS.values()
        for name in names
        if name not in own and getattr(found, name) is not None
    ]
    faults += [Fault(f"is missing: kind {kind} says {said}", name) for name in own if getattr(found, name) is None]
    if faults:
        raise Invalid("the findings cannot be", tuple(faults))
    if kind == INSPECTION:
        return _assets(tuple(found.assets_checked or ()), tuple(found.assets_faulty or ()))
    if kind == VERIFICATION:
        checked, wrong, corrected = _in_order(
            (found.checked, "checked"), (found.wrong, "wrong"), (found.corrected, "corrected")
        )
        return checked, wrong, corrected
    of, done = _in_order((found.of, "of"), (found.done, "done"))
    return of, of - done, None


def _in_order(*said: tuple[int | None, str]) -> list[int]:
    """Check that no number is greater than the one before it."""
    numbers: list[int] = []
    for number, name in said:
        most = numbers[-1] if numbers else COUNT_MAX
        if number is None or not 0 <= number <= most:
            raise _bad(f"must be a whole number from 0 to {most}", name)
        numbers.append(number)
    return numbers


def _assets(checked: tuple[str, ...], faulty: tuple[str, ...]) -> tuple[int, int, None]:
    for names, field in ((checked, "assets_checked"), (faulty, "assets_faulty")):
        if len(names) > ASSETS_MAX:
            raise _bad(f"at most {ASSETS_MAX} assets", field)
        if len(set(names)) != len(names):
            raise _bad("names an asset twice", field)
    if not checked:
        raise _bad("names no asset: an inspection looks at one at least", "assets_checked")
    if not set(faulty) <= set(checked):
        raise _bad("names an asset that was not checked", "assets_faulty")
    return len(checked), len(faulty), None


def _bad(detail: str, field: str) -> Invalid:
    return Invalid("the findings cannot be", (Fault(detail, field),))
