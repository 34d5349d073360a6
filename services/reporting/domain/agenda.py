"""What needs somebody today: at most seven lines, the gravest first, then what has least time left, then the newest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import nsmallest
from typing import Literal, NamedTuple

from services.reporting.domain.states import ACTION, CARD, DUTY, EVALUATION, SIGNAL, State
from shared.kernel.clock import london_date, start_of_day

LINES_MAX = 7
"""More than seven lines are a list to search, not an agenda (PAGES of the governance lead)."""
OF_A_KIND_MAX = 3
"""No kind fills the agenda alone: what else there is of it is counted below."""
RECENT = timedelta(days=31)
"""Verdicts of so many days are told as news."""
ASKING_VERDICTS = frozenset({"WORSE", "RELAPSED", "NOT_IMPLEMENTED"})
"""Verdicts that ask for a decision; the others inform."""
Kind = Literal["card", "clock", "verdict", "question", "overdue"]
COLLECTIONS: Mapping[Kind, str] = {
    "card": CARD, "clock": DUTY, "verdict": EVALUATION, "question": SIGNAL, "overdue": ACTION,
}  # fmt: skip
"""What the state of each kind is, the gravest first."""


@dataclass(frozen=True)
class Line:
    """One line of the agenda.

    Attributes:
        kind: What it is.
        state: The thing itself.
        due_at: By when; None where nothing says so.
        since: Since when it is known.
        late: Whether that time has passed.
    """

    kind: Kind
    state: State
    due_at: datetime | None
    since: datetime
    late: bool


@dataclass(frozen=True)
class Agenda:
    """The lines, and how much there is of each kind in all.

    Attributes:
        lines: At most seven, in order.
        counts: Everything of each kind; a kind without anything is left out.
        late: How many clocks and actions have run out.
        past: How many clocks ran out before today. They are in the counts and have no line, behind which today's would
            not be seen.
    """

    lines: tuple[Line, ...]
    counts: Mapping[Kind, int]
    late: Mapping[Kind, int]
    past: int = 0

    @property
    def left(self) -> int:
        """Return how many things did not find a line."""
        return sum(self.counts.values()) - len(self.lines) - self.past

    def filled_in(self, whole: Mapping[str, Mapping[str, State]]) -> Agenda:
        """Return the same with all that the states of its lines say.

        Args:
            whole: States by collection and id; a line whose state is not among them is left out.
        """
        of_kind = {kind: whole[name] for kind, name in COLLECTIONS.items()}
        lines = [
            replace(line, state=of_kind[line.kind][line.state.state_id])
            for line in self.lines
            if line.state.state_id in of_kind[line.kind]
        ]
        return replace(self, lines=tuple(lines))


def agenda(
    cards: Iterable[State],
    duties: Iterable[State],
    evaluations: Iterable[State],
    signals: Iterable[State],
    actions: Iterable[State],
    now: datetime,
) -> Agenda:
    """Put together what needs somebody.

    Args:
        cards: Open cards: what could have killed, or was severe and caught by luck.
        duties: Open duties; those with a time that runs are clocks, the others are left to their register.
        evaluations: What actions are judged by.
        signals: Open questions from the data.
        actions: Open actions; those past their date are overdue.
        now: The present moment.
    """
    found: dict[Kind, list[_Known]] = {
        "card": [_Known(card, None, _moment(card.body["raised_at"])) for card in cards],
        "clock": [_Known(duty, due, _moment(duty.body["advised_at"])) for duty in duties if (due := clock_of(duty))],
        "verdict": [_Known(e, None, _judged_at(e)) for e in recent_verdicts(evaluations, now, asking=True)],
        "question": [_Known(s, None, _start(s.body["raised_on"])) for s in signals if s.status == "open"],
        "overdue": [
            _Known(action, _end(due_on), _moment(action.body["proposed_at"]))
            for action in actions
            if (due_on := action.body["due_on"]) and _end(due_on) < now
        ],
    }
    today = start_of_day(london_date(now))
    clocks = [one for one in found["clock"] if one.due_at is None or one.due_at >= today]
    shown = found | {"clock": clocks}
    picked = [
        Line(kind, one.state, one.due_at, one.since, one.late(now))
        for kind in COLLECTIONS
        for one in nsmallest(OF_A_KIND_MAX, shown[kind], key=_order)
    ]
    counts = Counter({kind: len(found[kind]) for kind in COLLECTIONS if found[kind]})
    late = {kind: sum(one.late(now) for one in found[kind]) for kind in COLLECTIONS}
    return Agenda(tuple(picked[:LINES_MAX]), counts, late, len(found["clock"]) - len(clocks))


class _Known(NamedTuple):
    """What may become a line: thousands of them, for a handful of lines."""

    state: State
    due_at: datetime | None
    since: datetime

    def late(self, now: datetime) -> bool:
        return self.due_at is not None and self.due_at < now


def clock_of(duty: State) -> datetime | None:
    """Return when the time for a duty runs out: the law's, else our own; None where neither is known or it is done.

    Args:
        duty: An open duty.
    """
    if duty.body.get("done_at") or duty.status not in ("asked", "holds", "not_known"):
        return None
    times = [clock["due_at"] for name in ("legal", "own_target") if (clock := duty.body.get(name)) and clock["due_at"]]
    return datetime.fromisoformat(times[0]) if times else None


def recent_verdicts(evaluations: Iterable[State], now: datetime, *, asking: bool = False) -> list[State]:
    """Return the verdicts of the last 31 days, the newest first.

    Args:
        evaluations: What actions are judged by.
        now: The present moment.
        asking: Only those that ask for a decision.
    """
    earliest = london_date(now - RECENT)
    told = [
        evaluation
        for evaluation in evaluations
        if (said := evaluation.body.get("verdict"))
        and date.fromisoformat(said["on"]) >= earliest
        and (not asking or said["verdict"] in ASKING_VERDICTS)
    ]
    return sorted(told, key=lambda e: (e.body["verdict"]["on"], e.state_id), reverse=True)


def _moment(said: str | datetime) -> datetime:
    return datetime.fromisoformat(said) if isinstance(said, str) else said


def _order(known: _Known) -> tuple[float, float, str]:
    due = known.due_at.timestamp() if known.due_at else float("inf")
    return due, -known.since.timestamp(), known.state.state_id


def _judged_at(evaluation: State) -> datetime:
    return _start(evaluation.body["verdict"]["on"])


def _start(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def _end(day: str) -> datetime:
    """Return the end of a day: what is due on a day is late from the next one on."""
    return _start(day) + timedelta(days=1)
