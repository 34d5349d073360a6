"""Similar events that go on without an action, or with one that is overdue: a question, never sent by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

from services.actions.domain.detection.one_series import Series
from services.actions.domain.signals import CLOSED as SIGNAL_CLOSED
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.kernel.ids import derived_id
from shared.taxonomy.detection_rules import ThresholdPack

__all__ = [
    "ASKED",
    "PERSON",
    "STATUSES",
    "Repeat",
    "answered",
    "asked",
    "asked_overdue",
    "closed",
    "followed",
    "passed_on",
]

ASKED, ANSWERED, CLOSED = "asked", "answered", "closed"
STATUSES = (ASKED, ANSWERED, CLOSED)
PERSON, ASSET, PATHWAY = "person", "asset", "pathway"
FIRST_ROLE = {PERSON: "safeguarding_lead", ASSET: "manager", PATHWAY: "manager"}
DECISIONS = {
    PERSON: ("consult", "no_consult"), ASSET: ("act", "no_action_needed"), PATHWAY: ("act", "no_action_needed"),
}  # fmt: skip
KIND = "repeat_without_action"
Ground = Literal["no_action", "overdue"]
NO_ACTION: Ground = "no_action"
OVERDUE: Ground = "overdue"
GROUNDS = (NO_ACTION, OVERDUE)


@dataclass(frozen=True, slots=True)
class Repeat:
    """The whole state of a question; `version` goes up by one with every change.

    Attributes:
        about: person, asset or pathway.
        ground: no_action, or overdue.
        threshold: So many similar events in `window_days` ask, by the pack.
        asked_role: Who decides now.
        decision: consult or no_consult of a person; else act or no_action_needed.
    """

    repeat_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    about: str
    ground: str
    series: Series
    window_from: date
    window_to: date
    observed: int
    report_ids: tuple[str, ...]
    signal_id: str
    pack: str
    pack_version: str
    threshold: int
    window_days: int
    question: str
    source: str
    asked_role: str
    asked_at: datetime
    action_id: str | None = None
    council: str | None = None
    passed_on_at: datetime | None = None
    decision: str | None = None
    reason: str | None = None
    decided_at: datetime | None = None
    decided_by_role: str | None = None
    visibility: str = "site"


def about(signal: Signal) -> str:
    """Return what a signal speaks of: a person, an asset, or a pathway."""
    return PERSON if signal.series.person else ASSET if signal.series.asset else PATHWAY


def repeat_id(signal: Signal, ground: Ground) -> str:
    """Derive the id: a signal asks once on each ground."""
    return derived_id(f"repeat|{signal.provider_id}|{signal.signal_id}|{ground}")


def asked(signal: Signal, pack: ThresholdPack, pack_version: str, council: str | None, at: datetime) -> Repeat:
    """Ask about what detection found to go on without an action.

    Args:
        signal: A signal of the kind repeat_without_action.
        pack: The threshold pack of its day.
        pack_version: The version of the packs.
        council: The site's council; None where it has none, or several.
        at: When.
    """
    return _asked(signal, NO_ACTION, pack, pack_version, council, at, None)


def asked_overdue(
    signal: Signal, task: Task, pack: ThresholdPack, pack_version: str, council: str | None, at: datetime
) -> Repeat | None:
    """Ask about what goes on while the action about it is overdue; None below the pack's number.

    Args:
        signal: An open signal.
        task: The action about it, overdue.
        pack: The threshold pack of the day.
        pack_version: The version of the packs.
        council: The site's council; None where it has none, or several.
        at: When.
    """
    if signal.status == SIGNAL_CLOSED or signal.observed < _threshold(pack, about(signal)):
        return None
    return _asked(signal, OVERDUE, pack, pack_version, council, at, task.action_id)


def followed(known: Repeat, signal: Signal, at: datetime) -> Repeat:
    """Bring an open question up to its signal: closed with it, its figures moved; what somebody answered stands.

    Args:
        known: As it is stored.
        signal: The signal as it is now.
        at: When.
    """
    if known.status != ASKED:
        return known
    if signal.status == SIGNAL_CLOSED:
        return replace(known, version=known.version + 1, status=CLOSED, decided_at=at, decided_by_role="system")
    now = replace(
        known, observed=signal.observed, window_from=signal.window_from, window_to=signal.window_to,
        report_ids=signal.report_ids,
    )  # fmt: skip
    return known if now == known else replace(now, version=known.version + 1)


def closed(known: Repeat, at: datetime) -> Repeat:
    """Close an open question because the action came, or is no longer overdue."""
    return replace(known, version=known.version + 1, status=CLOSED, decided_at=at, decided_by_role="system")


def passed_on(known: Repeat, role: str, at: datetime) -> Repeat:
    """Ask the next role, since nobody answered in time."""
    return replace(known, version=known.version + 1, asked_role=role, passed_on_at=at)


def answered(known: Repeat, version: int, decision: str, reason: str, role: str, at: datetime) -> Repeat:
    """Note what a person decided.

    Args:
        known: As it is stored.
        version: As it was seen.
        decision: One of the words for what it is about.
        reason: Why, redacted, not blank.
        role: The role of who decided.
        at: When.

    Raises:
        Conflict: it has moved on, or is not open.
        Invalid: the word does not fit what it is about.
    """
    if known.version != version or known.status != ASKED:
        fault = Fault(f"the current version is {known.version}, the status {known.status}", "version")
        raise Conflict(f"question {known.repeat_id} has moved on to version {known.version}: read it again", (fault,))
    if decision not in DECISIONS[known.about]:
        words = " or ".join(DECISIONS[known.about])
        raise Invalid(
            "this cannot be decided of it", (Fault(f"{words}, where it is about a {known.about}", "decision"),)
        )
    return replace(
        known, version=version + 1, status=ANSWERED, decision=decision, reason=reason, decided_at=at,
        decided_by_role=role,
    )  # fmt: skip


def _threshold(pack: ThresholdPack, what: str) -> int:
    return {PERSON: pack.person, ASSET: pack.asset, PATHWAY: pack.pathway}[what]


def _asked(
    signal: Signal,
    ground: Ground,
    pack: ThresholdPack,
    pack_version: str,
    council: str | None,
    at: datetime,
    action_id: str | None,
) -> Repeat:
    what = about(signal)
    return Repeat(
        repeat_id=repeat_id(signal, ground),
        provider_id=signal.provider_id,
        site_id=signal.site_id,
        version=1,
        status=ASKED,
        about=what,
        ground=ground,
        series=signal.series,
        window_from=signal.window_from,
        window_to=signal.window_to,
        observed=signal.observed,
        report_ids=signal.report_ids,
        signal_id=signal.signal_id,
        pack=pack.id,
        pack_version=pack_version,
        threshold=_threshold(pack, what),
        window_days=pack.window_days,
        question=_question(signal, what, ground, pack),
        source=pack.source,
        asked_role=FIRST_ROLE[what],
        asked_at=at,
        action_id=action_id,
        council=council,
        visibility=signal.visibility,
    )


def _question(signal: Signal, what: str, ground: Ground, pack: ThresholdPack) -> str:
    """Put it as a question; a number, what is missing, and who might be asked."""
    lacks = "no action about them is in the log" if ground == NO_ACTION else "the action about them is overdue"
    seen = f"{signal.observed} similar reports"
    if what == PERSON:
        return (
            f"{seen} about one person within {pack.window_days} days and {lacks}: "
            "is the council to be consulted, and why or why not?"
        )
    thing = f" about {signal.series.asset}" if signal.series.asset else ""
    return f"{seen}{thing} and {lacks}: what is planned?"
