"""Gather what needs somebody, for a provider or one of its sites."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from services.reporting.domain.agenda import COLLECTIONS, RECENT, Agenda, agenda, recent_verdicts
from services.reporting.domain.reading import StateFilter
from services.reporting.domain.states import ACTION, CARD, DUTY, EVALUATION, SIGNAL, State
from services.reporting.ports import Views
from services.reporting.usecases.access import Access
from shared.kernel.clock import london_date

OPEN = "open"
ORDERED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    CARD: ("raised_at",),
    SIGNAL: ("raised_on",),
    ACTION: ("due_on", "proposed_at"),
    DUTY: ("done_at", "legal.due_at", "own_target.due_at", "advised_at"),
    EVALUATION: ("verdict.on", "verdict.verdict"),
}
"""What decides the order in which things are told: a large provider has thousands open and is shown a handful."""


@dataclass(frozen=True)
class Listed:
    """The first of a list, and how many there are in all."""

    total: int
    first: Sequence[State]


@dataclass(frozen=True)
class Matters:
    """What is open.

    Attributes:
        agenda: What needs somebody.
        cards: How many cards are open.
        signals: Open questions, the newest first.
        actions: Open actions, the earliest due first.
        verdicts: Verdicts of the last 31 days, the newest first.
    """

    agenda: Agenda
    cards: int
    signals: Listed
    actions: Listed
    verdicts: Listed


async def read_matters(views: Views, access: Access, site_id: str | None, now: datetime, listed: int) -> Matters:
    """Gather what is open.

    Args:
        views: Where it is read.
        access: What the reader may see.
        site_id: One site; None for all in reach.
        now: The present moment.
        listed: So many of each list are told, 1 or more.
    """
    recent = StateFilter(site_id, limit=None, since=london_date(now - RECENT))
    wanted = {kind: StateFilter(site_id, OPEN, limit=None) for kind in (CARD, SIGNAL, ACTION, DUTY)}
    kinds = wanted | {EVALUATION: recent}
    outlines = await asyncio.gather(
        *(views.states(kind, access, replace(asked, fields=ORDERED_BY[kind])) for kind, asked in kinds.items())
    )
    found = dict(zip(kinds, outlines, strict=True))
    told = agenda(found[CARD], found[DUTY], found[EVALUATION], found[SIGNAL], found[ACTION], now)
    signals = sorted(found[SIGNAL], key=lambda signal: (signal.body["raised_on"], signal.state_id), reverse=True)
    actions = sorted(found[ACTION], key=_first_due)
    verdicts = recent_verdicts(found[EVALUATION], now)
    shown = {SIGNAL: signals[:listed], ACTION: actions[:listed], EVALUATION: verdicts[:listed]}
    whole = await _whole(views, access, told, shown)
    return Matters(
        agenda=told.filled_in(whole),
        cards=len(found[CARD]),
        signals=Listed(len(signals), _filled_in(shown[SIGNAL], whole[SIGNAL])),
        actions=Listed(len(actions), _filled_in(shown[ACTION], whole[ACTION])),
        verdicts=Listed(len(verdicts), _filled_in(shown[EVALUATION], whole[EVALUATION])),
    )


async def _whole(
    views: Views, access: Access, told: Agenda, shown: Mapping[str, Iterable[State]]
) -> dict[str, dict[str, State]]:
    """Read all of what is shown, by its collection and id."""
    ids = {kind: {state.state_id for state in shown.get(kind, ())} for kind in ORDERED_BY}
    for line in told.lines:
        ids[COLLECTIONS[line.kind]].add(line.state.state_id)
    asked = {kind: tuple(sorted(names)) for kind, names in ids.items() if names}
    found = await asyncio.gather(
        *(views.states(kind, access, StateFilter(limit=None, state_ids=names)) for kind, names in asked.items())
    )
    by_kind = zip(asked, found, strict=True)
    return {kind: {} for kind in ids} | {kind: {state.state_id: state for state in states} for kind, states in by_kind}


def _filled_in(shown: Iterable[State], whole: Mapping[str, State]) -> list[State]:
    """Return the same with all that they say; what went out of reach meanwhile is not told."""
    return [whole[state.state_id] for state in shown if state.state_id in whole]


def _first_due(action: State) -> tuple[bool, str, str, str]:
    due_on = action.body["due_on"]
    return due_on is None, due_on or "", action.site_id, action.state_id
