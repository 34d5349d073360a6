"""The learning log: what was told, what was changed, and whether it worked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.reporting.domain.states import State
from shared.kernel.clock import london_date

DONE = ("completed", "verified")
EFFECTIVE = "EFFECTIVE"
"""The verdict that an action was shown to work."""


@dataclass(frozen=True)
class Judgement:
    """What came of an action: the verdict that holds, on when, in one sentence, under which rules."""

    verdict: str
    on: date
    sentence: str
    rate_ratio: float | None
    ci_low: float | None
    ci_high: float | None
    weeks_more: int | None
    rule_version: str


@dataclass(frozen=True)
class Lesson:
    """One entry: you said, we did, it worked or not.

    Attributes:
        action_id: The action.
        site_id: Its site.
        reports: How many reports it answers; those that the reader may see.
        report_ids: Which.
        signal_id: The signal that it answers, where there is one.
        domains: Domains that it is judged by; empty where nothing was fixed yet.
        title: What was done.
        strength: weaker, intermediate or stronger, by the hierarchy of actions.
        status: How the action stands.
        proposed_on: When it was proposed.
        done_on: When it was completed; None while it is under way.
        days_to_act: From proposed to completed; None while it is under way.
        judgement: Whether it worked; None where nothing was judged yet.
    """

    action_id: str
    site_id: str
    reports: int
    report_ids: tuple[str, ...]
    signal_id: str | None
    domains: tuple[str, ...]
    title: str
    strength: str
    status: str
    proposed_on: date
    done_on: date | None
    days_to_act: int | None
    judgement: Judgement | None


def lessons(actions: Iterable[State], evaluations: Iterable[State]) -> list[Lesson]:
    """Join actions with their verdicts, those done last first.

    Args:
        actions: Actions that were taken on.
        evaluations: What actions are judged by; of several of one action the one judged last counts.
    """
    stated = list(evaluations)
    domains = {e.body["action_id"]: tuple(e.body.get("series", {}).get("domains", ())) for e in stated}
    judged = {action_id: _judgement(said) for action_id, said in last_verdicts(stated).items()}
    found = [_lesson(a, judged.get(a.state_id), domains.get(a.state_id, ())) for a in actions]
    return sorted(found, key=lambda lesson: (lesson.done_on or date.min, lesson.action_id), reverse=True)


def last_verdicts(evaluations: Iterable[State]) -> dict[str, Mapping[str, Any]]:
    """Return what was judged of each action that was judged: of several evaluations the one judged last counts."""
    found: dict[str, Mapping[str, Any]] = {}
    for evaluation in evaluations:
        said, action_id = evaluation.body.get("verdict"), evaluation.body["action_id"]
        if said is not None and (action_id not in found or found[action_id]["on"] < said["on"]):
            found[action_id] = said
    return found


def _judgement(said: Mapping[str, Any]) -> Judgement:
    return Judgement(
        verdict=said["verdict"],
        on=date.fromisoformat(said["on"]),
        sentence=said["sentence"],
        rate_ratio=said.get("rate_ratio"),
        ci_low=said.get("ci_low"),
        ci_high=said.get("ci_high"),
        weeks_more=said.get("weeks_more"),
        rule_version=said["rule_version"],
    )


def _lesson(action: State, judgement: Judgement | None, domains: tuple[str, ...]) -> Lesson:
    body = action.body
    proposed = london_date(datetime.fromisoformat(body["proposed_at"]))
    done = body.get("completed_at")
    done_on = london_date(datetime.fromisoformat(done)) if done else None
    return Lesson(
        action_id=action.state_id,
        site_id=action.site_id,
        reports=len(body.get("report_ids", ())),
        report_ids=tuple(body.get("report_ids", ())),
        signal_id=body.get("signal_id"),
        domains=domains,
        title=body["title"],
        strength=body["strength"],
        status=action.status,
        proposed_on=proposed,
        done_on=done_on,
        days_to_act=(done_on - proposed).days if done_on else None,
        judgement=judgement,
    )
