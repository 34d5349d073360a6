"""Whether the person concerned, or the family, was told of what happened: when, by whom, or why not yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.actions.domain.facts import HELD, Fact
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.kernel.ids import derived_id
from shared.taxonomy.oversight import Rules, ToldRules

__all__ = ["DUE", "NOT_YET", "OPEN", "STATUSES", "TOLD", "WHO", "Told", "asked", "due", "escalated", "noted", "told_id"]

DUE, TOLD, NOT_YET, NOT_NEEDED = "due", "told", "not_yet", "not_needed"
STATUSES = (DUE, NOT_YET, TOLD, NOT_NEEDED)
OPEN = (DUE, NOT_YET)
WHO = ("person", "family", "advocate")


@dataclass(frozen=True, slots=True)
class Told:
    """The whole state; `version` goes up by one with every change.

    Attributes:
        who: person, family or advocate; never a name.
        why_not: Why not yet, or why it is not needed, redacted.
        due_at: Our own target; no legal time.
        escalated_to: The role that was asked because it is overdue.
    """

    told_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    report_id: str
    due_at: datetime
    who: str | None = None
    told_at: datetime | None = None
    told_by_role: str | None = None
    why_not: str | None = None
    escalated_to: str | None = None
    visibility: str = "site"


def told_id(provider_id: str, report_id: str) -> str:
    """Derive the id: a report has one at most.

    Args:
        provider_id: The tenant.
        report_id: The report.
    """
    return derived_id(f"told|{provider_id}|{report_id}")


def due(fact: Fact, rules: ToldRules) -> Told:
    """Begin the question for a report, with its target day.

    Args:
        fact: What is known of the report; intake told of it.
        rules: How long there is.
    """
    assert fact.report is not None, "only of reports that intake told of"
    return Told(
        told_id=told_id(fact.provider_id, fact.report_id),
        provider_id=fact.provider_id,
        site_id=fact.site_id,
        version=1,
        status=DUE,
        report_id=fact.report_id,
        due_at=fact.report.reported_at + timedelta(days=rules.due_days),
        visibility=fact.report.visibility,
    )


def asked(known: Told | None, fact: Fact, rules: Rules) -> Told | None:
    """Bring the question up to what is known of the report.

    Args:
        known: As it is stored; None for a report of which it was never asked.
        fact: What is known of the report.
        rules: The rules of the day on which it was told.

    Returns:
        The new state, this very one where nothing changed, or None where nothing is asked.
    """
    part = fact.report
    if part is None or not fact.counts:
        if known is not None and part is not None and part.withdrawn and known.status in OPEN:
            return replace(known, version=known.version + 1, status=NOT_NEEDED)
        return known
    if known is None:
        return due(fact, rules.told) if rules.told.escalate.intersection(fact.escalate) else None
    # What was typed while the report was held stays with those who see held reports.
    free = known.visibility == HELD and known.why_not is not None
    if known.visibility != part.visibility and (part.visibility == HELD or not free):
        return replace(known, version=known.version + 1, visibility=part.visibility)
    return known


def noted(
    known: Told, version: int, status: str, who: str | None, told_at: datetime | None, why_not: str | None, role: str
) -> Told:
    """Write down that somebody was told, why not yet, or why it is not needed.

    Args:
        known: As it is stored.
        version: As it was seen.
        status: told, not_yet or not_needed.
        who: Whom: person, family or advocate; only with told.
        told_at: When; only with told.
        why_not: The reason, redacted; asked for unless told.
        role: The role of who writes it down.

    Raises:
        Conflict: it has moved on.
        Invalid: whom or when is missing, or the reason.
    """
    if known.version != version:
        fault = Fault(f"the current version is {known.version}", "version")
        raise Conflict(f"this is at version {known.version}, not {version}: read it and write again", (fault,))
    if status == TOLD:
        if who is None or told_at is None:
            raise Invalid("say who was told, and when", (Fault("is needed", "who" if who is None else "told_at"),))
        return replace(
            known, version=version + 1, status=TOLD, who=who, told_at=told_at, told_by_role=role, why_not=None
        )
    if not why_not:
        raise Invalid("say why not", (Fault("must not be blank", "why_not"),))
    return replace(
        known, version=version + 1, status=status, why_not=why_not, who=None, told_at=None, told_by_role=role
    )


def escalated(known: Told, role: str) -> Told:
    """Ask the next role about what is overdue."""
    return replace(known, version=known.version + 1, escalated_to=role)
