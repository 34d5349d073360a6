"""A series over time as a control chart chosen by the data, and what it can and cannot tell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from services.reporting.domain.overview import DOUBLING_EVENTS, WEEK, Week
from shared.statistics.averages import mean
from shared.statistics.chart import Chart, Options, chart
from shared.statistics.chart_choice import ChartChoice, choose_chart
from shared.statistics.rates import events_needed
from shared.statistics.series import series_of

PER = 1_000
"""Rates are per so many units of exposure."""
LIMITS_FROM_POINTS = 12
"""Fewer points give limits on trial: NHS England's Making Data Count asks for 12 before limits are read."""
BASELINE_POINTS = 24
"""Limits stand on so many first points (Montgomery, section 6.2: 20 to 25 for a first study); later ones are judged."""
DAYS_BETWEEN = ("g", "t")
"""Charts of rare events: their points are the days from one to the next."""
FALSE_SIGNALS = ((0.5, 0.54), (1.0, 0.49), (2.0, 0.37), (5.0, 0.32), (15.0, 0.32))
"""Mean per period, and the chance of at least one false signal in 12 further points of a steady Poisson series with
a 12-point baseline and the four rules, by simulation of 1,500 series each."""


@dataclass(frozen=True)
class Enough:
    """When there will be enough to tell.

    Attributes:
        points: Points that limits still need; 0 where there are enough.
        on: The Monday from which there are; None where they are there, or nothing is told at all.
        doubling_weeks: Weeks in which a doubling of the present rate would stand out; None without any rate.
    """

    points: int
    on: date | None
    doubling_weeks: int | None


@dataclass(frozen=True)
class Control:
    """A series and its chart.

    Attributes:
        weeks: The weeks in order, as they were counted.
        choice: Which chart the data allow, and why.
        chart: The chart; its labels are Mondays, or for `g` and `t` the days of events. None without points.
        measure: What a point is: reports, rate, or days_between.
        unit: Unit of exposure of a rate.
        provisional: Whether the limits stand on too few points to be read as limits.
        false_alarm_chance: Chance of at least one false signal in the next 12 points, 0 to 1; None where not known.
        enough: When there will be enough to tell.
    """

    weeks: tuple[Week, ...]
    choice: ChartChoice
    chart: Chart | None
    measure: str
    unit: str | None
    provisional: bool
    false_alarm_chance: float | None
    enough: Enough


def control(
    weeks: Sequence[Week], days: Sequence[date], near_misses_only: bool, rebase: Sequence[date] = ()
) -> Control:
    """Choose the chart that suits a weekly series and draw it up; the direction is neutral: more reports may be good.

    Args:
        weeks: Complete weeks in order, the first one with a report first.
        days: The days on which the same reports were told, in order: what a chart of rare events is made of.
        near_misses_only: Whether near misses alone are counted, or all reports.
        rebase: Mondays from which limits are drawn anew, by recorded decisions.
    """
    counts, unit = _counts(weeks, near_misses_only), _one_unit(weeks)
    choice = _choice(weeks, counts)
    drawn, measure = _drawn(choice, weeks, counts, days, rebase, bool(unit))
    points = drawn.n if drawn else 0
    return Control(
        weeks=tuple(weeks),
        choice=choice,
        chart=drawn,
        measure=measure,
        unit=unit if measure == "rate" else None,
        provisional=points < LIMITS_FROM_POINTS,
        false_alarm_chance=false_alarm_chance(mean(counts)),
        enough=_enough(weeks, counts, points, measure),
    )


def by_days(weeks: Sequence[Week], near_misses_only: bool) -> bool:
    """Tell whether the chart of a series is made of the days of its events: only then do they have to be read.

    Args:
        weeks: Complete weeks in order, the first one with a report first.
        near_misses_only: Whether near misses alone are counted, or all reports.
    """
    return _choice(weeks, _counts(weeks, near_misses_only)).type in DAYS_BETWEEN


def _counts(weeks: Sequence[Week], near_misses_only: bool) -> list[int]:
    return [week.counts.near_misses if near_misses_only else week.counts.reports for week in weeks]


def _choice(weeks: Sequence[Week], counts: Sequence[int]) -> ChartChoice:
    return choose_chart(counts, [week.exposure for week in weeks] if _one_unit(weeks) else None)


def _one_unit(weeks: Sequence[Week]) -> str | None:
    """Return the unit of exposure where every week is covered in the same one."""
    units = {week.exposure_unit if week.exposure else None for week in weeks}
    return units.pop() if len(units) == 1 else None


def _drawn(
    choice: ChartChoice,
    weeks: Sequence[Week],
    counts: Sequence[int],
    days: Sequence[date],
    rebase: Sequence[date],
    exposed: bool,
) -> tuple[Chart | None, str]:
    if choice.reason == "no_data" or not any(counts):
        return None, "reports"
    if choice.type in DAYS_BETWEEN:
        gaps = [float((later - earlier).days) for earlier, later in pairwise(days)]
        if not gaps:
            return None, "days_between"
        labels = [f"{number}: {day.isoformat()}" for number, day in enumerate(days[1:], 2)]
        return chart(series_of("g", {"y": gaps}, labels), Options("g")), "days_between"
    labels = [week.start.isoformat() for week in weeks]
    freeze = BASELINE_POINTS if len(weeks) > BASELINE_POINTS else None
    kept = tuple(day.isoformat() for day in rebase if day.isoformat() in labels[1:])
    if choice.type in ("u", "up") and exposed:
        columns = {"numerator": counts, "denominator": [week.exposure for week in weeks]}
        options = Options(choice.type, freeze=freeze, rebase=kept, multiply=PER)
        return chart(series_of(choice.type, columns, labels), options), "rate"
    options = Options(choice.type, freeze=freeze, rebase=kept)
    return chart(series_of(choice.type, {"y": counts}, labels), options), "reports"


def false_alarm_chance(average: float | None) -> float | None:
    """Return the chance of at least one false signal in 12 further points, read off `FALSE_SIGNALS` in a straight line.

    Args:
        average: Mean per period; below the lowest one simulated the chance is not known.
    """
    if average is None or average < FALSE_SIGNALS[0][0]:
        return None
    for (low, above), (high, below) in pairwise(FALSE_SIGNALS):
        if average <= high:
            return above + (below - above) * (average - low) / (high - low)
    return FALSE_SIGNALS[-1][1]


def _enough(weeks: Sequence[Week], counts: Sequence[int], points: int, measure: str) -> Enough:
    missing = max(0, LIMITS_FROM_POINTS - points)
    average = mean(counts)
    if not weeks or not average:
        return Enough(missing, None, None)
    wait = math.ceil(missing / average) if measure == "days_between" else missing
    on = weeks[-1].start + WEEK * (1 + wait) if missing else None
    return Enough(missing, on, math.ceil(DOUBLING_EVENTS / average))


def weeks_to_show_fall(average: float, fall: float) -> int:
    """Return over how many weeks before an action a rate must have been counted for a fall to be shown.

    Args:
        average: Reports a week, above 0.
        fall: The share by which it falls, from 0.05 to 1.
    """
    return math.ceil(events_needed(fall) / average)
