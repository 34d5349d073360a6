"""A control chart as a picture and in words: which chart and why, and what each point that stands out says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from services.reporting.domain.continuity import Continuity
from services.reporting.domain.control import Control
from services.reporting.domain.facts import ALL
from services.reporting.domain.lessons import Judgement
from services.reporting.domain.pulse import SAFE_TO_SPEAK, SOMETHING_CHANGED, Answers, share_of_yes
from services.reporting.domain.states import State
from services.reporting.domain.voices import FEAR_REASONS
from services.reporting.routes.titles import Titles
from shared.statistics.points import Point
from shared.web.bars import Bar
from shared.web.plots import Dot, Meaning
from shared.web.words import count_words, day_words, figure

MEANINGS: dict[str, Meaning] = {
    "common_cause": "common",
    "special_cause_neutral_high": "high",
    "special_cause_neutral_low": "low",
    "special_cause_concern": "concern",
    "special_cause_improvement": "better",
}
CHOSEN = {
    "rare": "Events are rare here, so each dot is one report at its day; its height is the days since the one before.",
    "few": "There are few reports a week, so limits for small counts are used (c chart).",
    "steady": "Counts are large and exposure steady, so limits come from week to week changes (XmR chart).",
    "varying_exposure": "The care delivered varies, so rates are shown with limits of their own each week (u chart).",
    "more_than_chance": "Weeks differ by more than counting explains, so the limits are widened (Laney u' chart).",
    "no_data": "No report was told in this period.",
}
SIGNALS = {
    "astronomical_point": "outside the limits",
    "shift": "seven or more in a row on one side of the centre",
    "trend": "seven or more in a row that only rise or only fall",
    "two_in_three": "two of three in a row close to a limit",
}

PULSE_QUESTIONS = {
    SAFE_TO_SPEAK: "Can say what went wrong without trouble",
    SOMETHING_CHANGED: "Something changes when people speak up",
}
"""The two questions that people are asked, as statements."""


@dataclass(frozen=True)
class Begun:
    """An action that began while a series was counted."""

    on: date
    action_id: str


@dataclass(frozen=True)
class Told:
    """Points in a row that stand out for the same reason, in words.

    Attributes:
        first: Day of the first one.
        last: Day of the last one.
        points: How many they are.
        words: Why they stand out.
        weekly: Whether they are weeks; otherwise they are reports.
    """

    first: date
    last: date
    points: int
    words: str
    weekly: bool


def pulse_bars(answers: Answers) -> list[Bar]:
    """Return a bar for each question of the pulse: those who say mostly or always, and all others.

    Args:
        answers: Of the sites that may be told.
    """
    asked = [(name, answers.number(name), share_of_yes(answers, name)) for name in PULSE_QUESTIONS]
    return [
        Bar(PULSE_QUESTIONS[name], (share, 1 - share), f"{share:.0%} of {number:,}")
        for name, number, share in asked
        if share is not None
    ]


def ratio_words(said: Judgement) -> str:
    """Say a rate ratio and its interval: "0.40 times the rate before (95 % interval 0.20 to 0.90)"."""
    ends = ""
    if said.ci_low is not None:
        high = "no upper end" if said.ci_high is None else f"{said.ci_high:.2f}"
        ends = f" (95 % interval {said.ci_low:.2f} to {high})"
    return f"{said.rate_ratio:.2f} times the rate before{ends}"


def hour_bars(found: Continuity, titles: Titles) -> list[Bar]:
    """Return a bar for each kind of disruption of which hours are known.

    Args:
        found: Disruptions of a period.
        titles: How kinds read.
    """
    return [
        Bar(titles.disruption(str(lost.kind)), (round(lost.hours, 1), 0), f"{figure(lost.hours)} hours")
        for lost in found.by_kind
        if lost.timed
    ]


def reason_bars(reasons: Mapping[str, int], titles: Titles) -> list[Bar]:
    """Return a bar for each reason for giving no name: those of fear dark, the others light.

    Args:
        reasons: How many reports gave which.
        titles: How reasons read.
    """
    sums: Counter[tuple[str, bool]] = Counter()
    for word, number in reasons.items():
        sums[titles.reason(word), word in FEAR_REASONS] += number
    return [
        Bar(title, (number, 0) if fear else (0, number), f"{number:,}")
        for (title, fear), number in sorted(sums.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def dots(drawn: Control) -> list[Dot]:
    """Return the points of a chart as they are drawn."""
    points = drawn.chart.points if drawn.chart else ()
    return [
        Dot(
            day_of(point),
            point.value,
            MEANINGS.get(point.point_type, "common") if point.signals else "common",
            point.lower,
            point.upper,
            point.centre,
            point.segment,
        )
        for point in points
    ]


def day_of(point: Point) -> date:
    """Return the day of a point: a Monday, or the day of an event, which has its number before it."""
    return date.fromisoformat(str(point.x).rpartition(": ")[2])


def begun_in(evaluations: Sequence[State], domain: str, drawn: Control) -> list[Begun]:
    """Return the actions against a domain that began within a chart's time, the newest first.

    Args:
        evaluations: What actions are judged by.
        domain: A domain's word; (all) takes every action.
        drawn: The chart.
    """
    points = drawn.chart.points if drawn.chart else ()
    if not points:
        return []
    found = [
        Begun(date.fromisoformat(one.body["started_on"]), one.body["action_id"])
        for one in evaluations
        if domain == ALL or domain in one.body["series"]["domains"]
    ]
    inside = [one for one in found if day_of(points[0]) <= one.on <= day_of(points[-1])]
    return sorted(inside, key=lambda one: (one.on, one.action_id), reverse=True)


def standing_out(drawn: Control) -> Sequence[Told]:
    """Explain the points that break a rule, those in a row together, the newest first."""
    points = drawn.chart.points if drawn.chart else ()
    weekly = drawn.measure != "days_between"
    told: list[Told] = []
    for words, row in groupby(points, key=_words):
        found = list(row)
        if words:
            told.append(Told(day_of(found[0]), day_of(found[-1]), len(found), words, weekly))
    return told[::-1]


def measured(value: float | None, drawn: Control, unit: str) -> str:
    """Write a value with its unit: "3 reports", "2.4 per 1,000 bed days", "17 days after the one before"."""
    if value is None:
        return "no value"
    if drawn.measure == "days_between":
        return f"{count_words(round(value), 'day')} after the one before"
    return f"{figure(value)} per 1,000 {unit}" if drawn.measure == "rate" else count_words(round(value), "report")


def described(drawn: Control) -> str:
    """Describe a chart for those who do not see it."""
    points = [point for point in (drawn.chart.points if drawn.chart else ()) if point.value is not None]
    if not points:
        return "No point."
    values = [point.value for point in points if point.value is not None]
    out = sum(bool(point.signals) for point in points)
    return (
        f"{count_words(len(points), 'point')} from {day_words(day_of(points[0]))} to {day_words(day_of(points[-1]))}: "
        f"lowest {figure(min(values))}, highest {figure(max(values))}, {out} stand out from chance."
    )


def _words(point: Point) -> str:
    """Say why a point stands out; empty where it does not."""
    if not point.signals:
        return ""
    limit = point.upper if point.side > 0 else point.lower
    beyond = f" ({figure(limit)})" if "astronomical_point" in point.signals and limit is not None else ""
    reasons = " and ".join(SIGNALS.get(name, name) for name in point.signals)
    return f"{'high' if point.side > 0 else 'low'}: {reasons}{beyond}"
