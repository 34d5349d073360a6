"""Gather what was changed in a period, whether it worked, and what people wrote into the log: a part at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.reporting.domain.lessons import DONE, EFFECTIVE, Lesson, last_verdicts, lessons
from services.reporting.domain.overview import WEEK, last_complete_week
from services.reporting.domain.reading import Span, StateFilter
from services.reporting.domain.states import ACTION, EVALUATION, LEARNING, State
from services.reporting.ports import Views
from services.reporting.usecases.access import Access, require_site
from shared.kernel.clock import london_date

DAY = timedelta(days=1)


@dataclass(frozen=True)
class LearningLog:
    """What was learned in a period.

    Attributes:
        span: The weeks.
        action_ids: All actions that were completed in them, those done last first.
        lessons: Those of the part that was asked for, with their verdicts.
        published: Entries that people wrote into the log, newest first; as many as the part.
        published_in_all: How many there are.
    """

    span: Span
    action_ids: tuple[str, ...]
    lessons: tuple[Lesson, ...]
    published: tuple[State, ...]
    published_in_all: int


@dataclass(frozen=True)
class Judged:
    """How many of some actions were judged, and how many of those were shown to work."""

    judged: int
    effective: int


async def read_learning(
    views: Views,
    access: Access,
    site_id: str | None,
    span: Span,
    today: date,
    skip: int = 0,
    limit: int | None = None,
) -> LearningLog:
    """Gather a part of the log.

    A period that ends with the last complete week goes on to today: a log does not wait for Sunday.

    Args:
        views: Where states are read.
        access: What the reader may see.
        site_id: One site; None for all in reach.
        span: Complete weeks.
        today: The day in England.
        skip: So many lessons come before the part.
        limit: So many lessons, and entries, are told; None for all.

    Raises:
        NotFound: the site is not known to the reader.
    """
    await require_site(views, access, site_id)
    end = today if span.last == last_complete_week(today) else span.last + WEEK - DAY
    asked = StateFilter(site_id, limit=None, since=span.first)
    done: list[State] = []
    for status in DONE:
        done += await views.states(ACTION, access, replace(asked, status=status, fields=("completed_at",)))
    written = await views.states(LEARNING, access, replace(asked, status="published", fields=("published_at",)))
    finished, entries = (
        _newest_days(done, "completed_at", span.first, end),
        _newest(written, "published_at", span.first, end),
    )
    part = finished[skip:] if limit is None else finished[skip : skip + limit]
    whole = await _whole(views, ACTION, access, part)
    judged = await views.states(EVALUATION, access, StateFilter(site_id, limit=None, action_ids=tuple(whole)))
    shown = entries[:limit]
    published = await _whole(views, LEARNING, access, shown)
    return LearningLog(
        span=span,
        action_ids=tuple(finished),
        lessons=tuple(lessons(whole.values(), judged)),
        published=tuple(published[entry] for entry in shown if entry in published),
        published_in_all=len(entries),
    )


async def read_judged(views: Views, access: Access, site_id: str | None, action_ids: Sequence[str]) -> Judged:
    """Count what came of actions.

    Args:
        views: Where verdicts are read.
        access: What the reader may see.
        site_id: One site; None for all in reach.
        action_ids: The actions.
    """
    fields = ("action_id", "verdict.on", "verdict.verdict")
    wanted = StateFilter(site_id, limit=None, action_ids=tuple(action_ids), fields=fields)
    verdicts = last_verdicts(await views.states(EVALUATION, access, wanted))
    return Judged(len(verdicts), sum(said["verdict"] == EFFECTIVE for said in verdicts.values()))


async def _whole(views: Views, kind: str, access: Access, ids: Sequence[str]) -> Mapping[str, State]:
    """Read all that some states say, by id; what went out of reach meanwhile is not among them."""
    found = await views.states(kind, access, StateFilter(limit=None, state_ids=tuple(ids))) if ids else []
    return {state.state_id: state for state in found}


def _newest_days(states: Iterable[State], field: str, first: date, last: date) -> list[str]:
    """Return the ids of what happened on some days, by day, the last one first."""
    dated = [(london_date(at), state_id) for at, state_id in _dated(states, field)]
    return [state_id for _, state_id in sorted((one for one in dated if first <= one[0] <= last), reverse=True)]


def _newest(states: Iterable[State], field: str, first: date, last: date) -> list[str]:
    """Return the same by moment."""
    kept = [one for one in _dated(states, field) if first <= london_date(one[0]) <= last]
    return [state_id for _, state_id in sorted(kept, reverse=True)]


def _dated(states: Iterable[State], field: str) -> list[tuple[datetime, str]]:
    return [(datetime.fromisoformat(at), state.state_id) for state in states if (at := state.body.get(field))]
