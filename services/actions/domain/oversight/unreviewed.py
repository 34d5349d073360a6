"""Reports that nobody has reviewed for too long: who is reminded of how many, once for each rung of their age."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.actions.domain.facts import HELD
from services.actions.domain.oversight.holders import GROUP_ROLES
from services.actions.domain.oversight.notices import DIGEST, UNREVIEWED, WAITING, Notice
from shared.kernel.ids import derived_id
from shared.taxonomy.oversight import UnreviewedRules

__all__ = ["Late", "Reminder", "mark_of", "reminders"]


@dataclass(frozen=True, slots=True)
class Late:
    """A report that waits for its review.

    Attributes:
        waits_since: When it was told.
        held: Whether it is held from its site.
        reminded: The marks of the reminders that it was counted in.
    """

    site_id: str
    report_id: str
    waits_since: datetime
    held: bool = False
    reminded: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reminder:
    """A message about reports that wait, and what is then to be marked on each of them."""

    notice: Notice
    marks: Sequence[tuple[Late, tuple[str, ...]]]


Lane = tuple[str, str, bool]
"""Site (empty for the whole group), role, and whether it is about held reports."""


def mark_of(step: int, held: bool) -> str:
    """Return the mark of a report that was counted in a reminder.

    Args:
        step: The rung of its age, from 1.
        held: Whether it was held from its site then.
    """
    return f"{step}|{HELD}" if held else str(step)


def reminders(
    provider_id: str, late: Sequence[Late], rules: UnreviewedRules, day: date, now: datetime
) -> list[Reminder]:
    """Say who is to be reminded of how many reports: a role of a site, or of the group, once a day at most.

    Each report is counted once for each rung. Held reports go to their own role for the whole group, and into no
    number of a site; what that role was told of is not told again once the report is released, but what the site was
    told of is told to that role once the report is held.

    Args:
        provider_id: The tenant.
        late: The reports that wait.
        rules: After how many hours whom.
        day: The day, in England.
        now: The present moment.

    Returns:
        The reminders, in the order of their sites and roles.
    """
    lanes: dict[Lane, list[tuple[Late, tuple[str, ...]]]] = {}
    rungs: dict[Lane, int] = {}
    for report in late:
        due: dict[Lane, list[str]] = {}
        for number, step in enumerate(rules.steps, 1):
            if now - report.waits_since < timedelta(hours=step.hours):
                break
            heard = {mark_of(number, True)} if report.held else {mark_of(number, True), mark_of(number, False)}
            if not heard & report.reminded:
                role = rules.role_held if report.held else step.role
                site_id = "" if report.held or role in GROUP_ROLES else report.site_id
                lane = (site_id, role, report.held)
                due.setdefault(lane, []).append(mark_of(number, report.held))
                rungs[lane] = min(number, rungs.get(lane, number))
        for lane, marks in due.items():
            lanes.setdefault(lane, []).append((report, tuple(marks)))
    return [
        Reminder(_notice(provider_id, lane, rungs[lane], len(marks), day, now), marks)
        for lane, marks in sorted(lanes.items(), key=lambda item: item[0])
    ]


def _notice(provider_id: str, lane: Lane, step: int, items: int, day: date, now: datetime) -> Notice:
    site_id, role, held = lane
    visibility = HELD if held else "site"
    return Notice(
        notification_id=derived_id(f"{UNREVIEWED}|{provider_id}|{site_id or '*'}|{role}|{visibility}|{day}"),
        provider_id=provider_id,
        site_id=site_id or None,
        version=1,
        status=WAITING,
        kind=DIGEST,
        about=UNREVIEWED,
        subject_id=str(day),
        step=step,
        role=role,
        due_at=now,
        next_at=now,
        items=items,
        visibility=visibility,
    )
