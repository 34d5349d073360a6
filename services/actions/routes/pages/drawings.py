"""The pictures of the pages: reports on time, a remedy before and after, a rate ratio with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from string import ascii_uppercase

from markupsafe import Markup

from services.actions.domain.evaluations import Evaluation, Verdict
from services.actions.domain.management_log import LogEntry
from services.actions.domain.picture import Picture
from services.actions.domain.signals import Signal
from shared.web.charts import Charts
from shared.web.plots import Shape
from shared.web.timeline import Mark, Span, WeekOf, interval, timeline
from shared.web.words import count_words, day_words

WIDE, NARROW = Shape(720, 170), Shape(330, 150, ticks=3)
INTERVAL_WIDE, INTERVAL_NARROW = Shape(560, 34), Shape(330, 34)
MARKS_MAX = 12
NARROW_WEEKS = 16


@dataclass(frozen=True, slots=True)
class Lettered:
    """The lines of the management log of one day, and the letter that stands for them in the picture."""

    letter: str
    day: date
    entries: Sequence[LogEntry]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture for wide and for narrow screens, and the lines that it marks."""

    wide: Markup
    narrow: Markup
    marks: Sequence[Lettered]


async def signal_drawing(charts: Charts, signal: Signal, picture: Picture, title: str) -> Drawn:
    """Draw a question: each report a square, those that it speaks of marked, what was expected as a dashed line.

    Args:
        charts: What draws.
        signal: The question.
        picture: Its series on time.
        title: What a reader calls it.
    """
    days = (signal.window_to - signal.window_from).days + 1
    weekly = None if signal.expected is None else signal.expected * 7 / days
    span = Span(signal.window_from, signal.window_to, "asked about", weekly)
    marks = _lettered(picture.log)
    expected = "" if signal.expected is None else f", about {signal.expected:.1f} expected"
    words = (
        f"{count_words(len(picture.dots), 'report')} from {day_words(picture.first)} to {day_words(picture.last)}; "
        f"{signal.observed} from {day_words(signal.window_from)} to {day_words(signal.window_to)}{expected}."
    )
    weeks = _weeks(picture, "concern")
    lines = [Mark(one.day, one.letter) for one in marks]
    keep = max(NARROW_WEEKS, (picture.last - signal.window_from).days // 7 + 3)
    return Drawn(
        await charts.draw(timeline(weeks, [span], lines, WIDE), "time", title, words),
        await charts.draw(timeline(weeks[-keep:], [span], lines, NARROW), "time-n", title, words),
        marks,
    )


async def evaluation_drawing(charts: Charts, evaluation: Evaluation, picture: Picture, title: str) -> Drawn:
    """Draw a remedy: baseline, wash-in and after on one line of time, with what the baseline would have brought.

    Args:
        charts: What draws.
        evaluation: What it is judged by.
        picture: Its series on time.
        title: What a reader calls it.
    """
    verdict = evaluation.verdict
    begins = evaluation.started_on + timedelta(days=evaluation.wash_in_days)
    before = Span(evaluation.baseline_from, evaluation.baseline_to, "before", _weekly(verdict))
    spans = [before, Span(begins, picture.last, "after", _expected_weekly(verdict))]
    if evaluation.wash_in_days:
        spans.append(Span(evaluation.started_on, begins - timedelta(days=1), "", None, shaded=False))
    marks = _lettered([entry for entry in picture.log if entry.on != evaluation.started_on])
    lines = [Mark(evaluation.started_on, ""), *(Mark(one.day, one.letter) for one in marks)]
    words = f"Reports each week from {day_words(picture.first)} to {day_words(picture.last)}. " + (
        verdict.sentence if verdict else f"The remedy began on {day_words(evaluation.started_on)}; no verdict yet."
    )
    weeks = _weeks(picture, "part")
    return Drawn(
        await charts.draw(timeline(weeks, spans, lines, WIDE), "time", title, words),
        await charts.draw(timeline(weeks, spans, lines, NARROW), "time-n", title, words),
        marks,
    )


async def ratio_drawing(charts: Charts, verdict: Verdict) -> tuple[Markup, Markup]:
    """Draw a rate ratio with its interval, wide and narrow."""
    words = ratio_words(verdict)
    ends = (verdict.rate_ratio or 0.0, verdict.ci_low, verdict.ci_high)
    return (
        await charts.draw(interval(*ends, INTERVAL_WIDE), "ratio", "After against before", words),
        await charts.draw(interval(*ends, INTERVAL_NARROW), "ratio-n", "After against before", words),
    )


def ratio_words(verdict: Verdict) -> str:
    """Say a rate ratio and its interval in words."""
    if verdict.rate_ratio is None:
        return "No rate can be compared yet."
    upper = "no upper end" if verdict.ci_high is None else f"{verdict.ci_high:.2f}"
    lower = 0.0 if verdict.ci_low is None else verdict.ci_low
    return (
        f"The rate after is {verdict.rate_ratio:.2f} times the rate before; 95 times in 100 such an interval, "
        f"here {lower:.2f} to {upper}, holds the true ratio."
    )


def _weeks(picture: Picture, kind: str) -> list[WeekOf]:
    found = []
    for known in picture.exposure:
        dots = picture.of_week(known.week)
        marked = sum(dot.marked for dot in dots)
        found.append(WeekOf(known.week, (("common", len(dots) - marked), (kind, marked)), known.value))
    return found


def _lettered(log: Sequence[LogEntry]) -> list[Lettered]:
    """Give each day with lines a letter; of many days the last ones."""
    days = sorted({entry.on for entry in log})[-MARKS_MAX:]
    return [
        Lettered(ascii_uppercase[number], day, [entry for entry in log if entry.on == day])
        for number, day in enumerate(days)
    ]


def _weekly(verdict: Verdict | None) -> float | None:
    if verdict is None:
        return None
    return verdict.baseline.events * 7 / _days(verdict.baseline.first, verdict.baseline.last)


def _expected_weekly(verdict: Verdict | None) -> float | None:
    """Return what the rate before would bring a week after, by the care delivered where that is known."""
    if verdict is None or verdict.after.last < verdict.after.first:
        return None
    before, after = verdict.baseline, verdict.after
    if before.exposure and after.exposure is not None:
        return before.events / before.exposure * after.exposure * 7 / _days(after.first, after.last)
    return _weekly(verdict)


def _days(first: date, last: date) -> int:
    return max(1, (last - first).days + 1)
