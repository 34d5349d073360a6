"""How stored facts and rows become rows of a panel: which fields are read, and what each of them says there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np

from services.reporting.domain import panel as of
from services.reporting.domain.columns import Rows
from services.reporting.domain.continuity import Disruption
from services.reporting.domain.facts import LIVE, REMOVAL_PROPOSED, REMOVED, STANDING
from services.reporting.domain.panel import CARE, REPORT, Panel, week_number
from shared.kernel.clock import london_date

TOLD_OF_DISRUPTIONS = ("disruption_started_at", "disruption_ended_at", "people_affected", "plan_used", "plan_worked")
_OF_REPORT = ("anonymity_reason", "reporter_token", "reporter_role", "origin", "worry", *TOLD_OF_DISRUPTIONS)
FACT_FIELDS: Mapping[str, Any] = {
    **dict.fromkeys(("site", "report_id", "cell", "domains", "event_class", "held", "needs_review", "reported_at"), 1),
    **dict.fromkeys(("voice", "disruption", "escalation.status", "labels.corrected", "dialogue.feedback_at"), 1),
    **{f"report.{name}": 1 for name in _OF_REPORT},
    "placed": {"$gt": ["$report.place", None]},
    "stopped": {"$gt": ["$report.what_stopped_it", None]},
}
"""Whether words were told is read, and never the words."""
CARE_FIELDS: Mapping[str, Any] = dict.fromkeys(("site", "week", "exposure", "exposure_unit"), 1)
DISRUPTION_FIELDS: Mapping[str, Any] = dict.fromkeys(
    ("report_id", "site", "disruption", "reported_at", *(f"report.{name}" for name in TOLD_OF_DISRUPTIONS)), 1
)
ESCALATION = {STANDING: of.STANDING, REMOVED: of.REMOVED, REMOVAL_PROPOSED: of.PROPOSED}
MOST_PEOPLE = 1_000_000
"""More people than this in one disruption are a slip of the keyboard; the column holds no more."""


def disruption_of(document: Mapping[str, Any]) -> Disruption:
    """Read what a report tells of a disruption."""
    told = document["report"]
    return Disruption(
        report_id=document["report_id"],
        site_id=document["site"],
        kind=document["disruption"],
        reported_at=document["reported_at"],
        started_at=told.get("disruption_started_at"),
        ended_at=told.get("disruption_ended_at"),
        people_affected=told.get("people_affected"),
        plan_used=told.get("plan_used"),
        plan_worked=told.get("plan_worked"),
    )


def report_rows(documents: Iterable[Mapping[str, Any]], panel: Panel) -> Rows:
    """Return the rows of facts; words that the panel does not know yet get their numbers."""
    return _made([_report(document, panel) for document in documents], REPORT)


def care_rows(documents: Iterable[Mapping[str, Any]], panel: Panel) -> Rows:
    """Return the weeks of care of (all) rows; one without exposure does not count."""
    return _made([_care(document, panel) for document in documents], CARE)


def _made(lines: list[tuple[Any, ...]], fields: np.dtype[np.void]) -> Rows:
    return np.array(lines, fields)


def _care(document: Mapping[str, Any], panel: Panel) -> tuple[Any, ...]:
    value = document["exposure"]
    return (
        hashed(document["_id"]),
        value or 0.0,
        week_number(date.fromisoformat(document["week"])),
        panel.sites.number(document["site"]),
        panel.units.number(document["exposure_unit"]),
        value is not None,
    )


def _report(document: Mapping[str, Any], panel: Panel) -> tuple[Any, ...]:
    """Return a fact's fields in the order of `REPORT`."""
    key, cell, told = hashed(document["_id"]), document.get("cell"), document.get("report")
    if cell is None or told is None:
        panel.followed.pop(key, None)
        return (key, *(0,) * (len(REPORT.names or ()) - 2), False)
    voice, kind = document["voice"], document.get("disruption")
    monday, week = _week(cell[-10:])
    token, escalation = told.get("reporter_token"), document.get("escalation")
    disruption = None if kind is None else disruption_of(document)
    plan = of.NOT_TOLD if disruption is None else _plan(disruption)
    going = disruption is not None and disruption.open
    if going or plan == of.PLAN_FAILED:
        panel.followed[key] = document["_id"]
    else:
        panel.followed.pop(key, None)
    return (
        key,
        0 if token is None else max(1, hashed(token) >> 16),
        week,
        panel.sites.number(document["site"]),
        panel.domains.number(tuple(document["domains"])),
        _parts(voice["hours"]),
        _parts(voice["triage"]),
        _parts(voice["feedback"]),
        of.NOT_TOLD if disruption is None else _parts(disruption.hours),
        of.NOT_TOLD if disruption is None else _people(disruption.people_affected),
        panel.classes.number(document["event_class"]),
        _flags(document, told, voice) | (of.OPEN if going else 0),
        panel.reasons.number(told.get("anonymity_reason")),
        panel.roles.number(told.get("reporter_role")),
        panel.kinds.number(kind),
        _weekday(document["reported_at"], monday),
        panel.shifts.number(voice["shift"]),
        of.NOT_TOLD if escalation is None else ESCALATION[escalation["status"]],
        plan,
        True,
    )


def _flags(document: Mapping[str, Any], told: Mapping[str, Any], voice: Mapping[str, Any]) -> int:
    unheard = (document.get("dialogue") or {}).get("feedback_at") is None
    bits = (
        (document["held"], of.HELD),
        (document["needs_review"], of.REVIEW),
        (voice["anonymous"], of.ANONYMOUS),
        (document["placed"], of.PLACE),
        (document["stopped"], of.STOP),
        (told.get("worry") is not None, of.WORRY),
        ((document.get("labels") or {}).get("corrected"), of.CORRECTED),
        (voice["closed"], of.CLOSED),
        (voice["fed_back"], of.FED_BACK),
        (unheard and told["origin"] == LIVE, of.OWED),
    )
    return sum(bit for is_so, bit in bits if is_so)


def _plan(told: Disruption) -> int:
    if told.plan_used is None:
        return of.NOT_TOLD
    if not told.plan_used:
        return of.PLAN_NOT_USED
    ways: Callable[[bool | None], int] = {None: of.PLAN_USED, True: of.PLAN_WORKED, False: of.PLAN_FAILED}.__getitem__
    return ways(told.plan_worked)


def _parts(hours: float | None) -> int:
    return of.NOT_TOLD if hours is None else min(round(hours * of.PER_HOUR), np.iinfo(np.int32).max)


def _people(number: int | None) -> int:
    return of.NOT_TOLD if number is None else min(number, MOST_PEOPLE)


def _weekday(moment: datetime, monday: date) -> int:
    return (_day(moment.replace(minute=0, second=0, microsecond=0)) - monday) // timedelta(days=1)


@lru_cache(maxsize=20_000)
def _day(hour: datetime) -> date:
    return london_date(hour)


@lru_cache(maxsize=2_000)
def _week(text: str) -> tuple[date, int]:
    monday = date.fromisoformat(text)
    return monday, week_number(monday)


def hashed(text: str) -> int:
    """Return 64 bits of a hash of a text: two of three million reports share one by a chance of one in four million."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
