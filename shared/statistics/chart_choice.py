"""Which chart suits a series of counts; drawing it is elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from shared.statistics.averages import mean
from shared.statistics.chart import Options, chart
from shared.statistics.series import ChartType, series_of

__all__ = ["ChartChoice", "choose_chart"]

Reason = Literal["no_data", "rare", "few", "steady", "varying_exposure", "more_than_chance"]
# Below one a period even a single event would be a signal; below five XmR gives false alarms.
RARE_BELOW, FEW_BELOW = 1.0, 5.0
# Within a quarter of their average, exposures may be taken as equal (Montgomery, section 7.2.2).
STEADY_WITHIN = 0.25
# Chance puts about 3 points in 1000 beyond 3 sigma; a tenth says that the sites' own spread is at work.
BEYOND_CHANCE = 0.1


@dataclass(frozen=True, slots=True)
class ChartChoice:
    """A type of chart and why.

    Attributes:
        type: The type; `t` and `g` are drawn of the times or the opportunities between events.
        reason: Why, as a code.
    """

    type: ChartType
    reason: Reason


def choose_chart(
    counts: Sequence[float | None], exposures: Sequence[float | None] | None = None, exact_times: bool = False
) -> ChartChoice:
    """Choose the chart whose assumptions the data meet.

    Sources: Montgomery, chapter 7; Provost and Murray, The Health Care Data Guide (2011), for rare events;
    Laney, Quality Engineering 14 (2002), for large denominators.

    Args:
        counts: Events in each period, 0 or more; None where a period is missing.
        exposures: Exposure of each period, as many, or None where it is not known.
        exact_times: Whether the moment of each event is known, not its day alone.

    Returns:
        The choice.

    Raises:
        BadInput: a count or an exposure is negative, or their numbers differ.
    """
    labels = range(len(counts))
    series_of("c", {"y": counts}, labels)
    average = mean([count for count in counts if count is not None])
    if average is None:
        return ChartChoice("run", "no_data")
    if average < RARE_BELOW:
        return ChartChoice("t" if exact_times else "g", "rare")
    if exposures is None or _steady(exposures):
        return ChartChoice("c", "few") if average < FEW_BELOW else ChartChoice("xmr", "steady")
    rates = series_of("u", {"numerator": counts, "denominator": exposures}, labels)
    points = chart(rates, Options("u", rules="shewhart")).points
    drawn = [point for point in points if point.value is not None]
    if sum(point.outside_limits for point in drawn) > BEYOND_CHANCE * len(drawn):
        return ChartChoice("up", "more_than_chance")
    return ChartChoice("u", "varying_exposure")


def _steady(exposures: Sequence[float | None]) -> bool:
    known = [exposure for exposure in exposures if exposure]
    average = mean(known)
    return average is None or all(abs(e - average) <= STEADY_WITHIN * average for e in known)
