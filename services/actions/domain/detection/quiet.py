"""What a quiet series could have seen: how many reports would speak, and how long a doubling would take to show.

It goes by the two conditions that mostly decide over a rise, the exact chance of the window and that of the window
without its busiest week, against the site's own past alone. Peers, other open signals and a series' share of all
reports are left out, so the weeks are an estimate; a test compares them with simulated weeks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import poisson

from services.actions.domain.detection.chances import as_many
from shared.taxonomy.detection_rules import RisingNumbers

__all__ = ["Quiet", "Threshold", "quiet", "thresholds"]

EVEN = 0.5
COUNT_MAX = 2_000
TALLEST = {1: 0.0, 2: 0.56, 3: 0.85, 4: 1.03, 5: 1.16, 6: 1.27, 7: 1.35, 8: 1.42, 9: 1.49, 10: 1.54}
"""Mean of the largest of so many standard normal values (Harter, Biometrika 48, 1961); for the busiest week."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """So many reports in so many weeks would speak."""

    count: int
    weeks: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """What a series could have seen.

    Attributes:
        events: Reports of the series in the baseline.
        weeks: Weeks of baseline, weighed by exposure: in terms of weeks like the present ones.
        speaks_at: What would speak in the shortest window, and in the longest; empty where the record is too short.
        doubling_weeks: After about so many weeks a doubling would have shown with even chances; None where that takes
            longer than half of the longest baseline, or the record is too short.
    """

    events: int
    weeks: float
    speaks_at: tuple[Threshold, ...]
    doubling_weeks: int | None


def thresholds(events: int, weeks: float, alpha: float, rules: RisingNumbers) -> tuple[Threshold, ...]:
    """Return for each window the fewest reports that would speak, shortest window first.

    Args:
        events: Reports in the baseline, 0 or more.
        weeks: Weeks of baseline, above 0.
        alpha: The p-value at or below which the series has risen.
        rules: The numbers of rising series.
    """
    found = []
    for size in rules.windows_weeks:
        share = size / (size + weeks)
        least = max(rules.min_observed, rules.min_days, math.ceil(rules.min_ratio * events / weeks * size))
        for count in range(least, COUNT_MAX):
            if float(as_many(count, events, share)) <= alpha and _without_busiest(count, size, events, share, rules):
                found.append(Threshold(count, size))
                break
    return tuple(found)


def quiet(events: int, weeks: float, alpha: float, rules: RisingNumbers, times: float = 2.0) -> Quiet:
    """Say what a series that is quiet could have seen.

    A window in which a rise has lasted for some of the weeks holds the old rate in the others. The rise shows as soon
    as some window speaks with even chances. Where none does by itself, each half of the longest window is one more
    try, since windows that overlap are half the same.

    Args:
        events: Reports in the baseline, 0 or more.
        weeks: Weeks of baseline, weighed by exposure.
        alpha: The p-value at or below which the series has risen.
        rules: The numbers of rising series.
        times: The rise in question, above 1.
    """
    if weeks < rules.baseline_weeks_min:
        return Quiet(events, weeks, (), None)
    speaking = thresholds(events, weeks, alpha, rules)
    ends = tuple(dict.fromkeys((speaking[0], speaking[-1]))) if speaking else ()
    rate = events / weeks
    if not speaking or rate == 0:
        return Quiet(events, weeks, ends, None)
    longest = max(threshold.weeks for threshold in speaking)
    chance = 0.0
    for lasted in range(1, longest + 1):
        means = [
            (found.count, rate * (min(found.weeks, lasted) * times + max(found.weeks - lasted, 0)))
            for found in speaking
        ]
        chance = max(float(poisson.sf(count - 1, mean)) for count, mean in means)
        if chance >= EVEN:
            return Quiet(events, weeks, ends, lasted)
    tries = math.log(EVEN) / math.log1p(-chance) if chance > 0 else math.inf
    needed = longest * (1 + (tries - 1) / 2)
    # In a longer time the rise itself fills so much of the baseline that it becomes its own yardstick.
    return Quiet(events, weeks, ends, math.ceil(needed) if needed <= rules.baseline_weeks_max / 2 else None)


def _without_busiest(count: int, size: int, events: int, share: float, rules: RisingNumbers) -> bool:
    """Tell whether so many reports would still be unlikely without their busiest week, as such weeks mostly are."""
    if size < 2:
        return True
    busiest = count / size + TALLEST[min(size, max(TALLEST))] * math.sqrt(count / size)
    part = (size - 1) / size
    left = share * part / (share * part + 1 - share)
    return float(as_many(count - busiest, events, left)) <= rules.without_top_alpha
