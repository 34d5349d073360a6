"""How long something took, summed up exactly and by group in one go: medians, percentiles, shares within a day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

ENOUGH_TIMES = 5
"""Fewer times make no median worth naming."""
WITHIN_A_DAY_HOURS = 24
MEDIAN, MOST = 0.5, 0.9
Whole = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Waits:
    """How long something took; the figures are None below five times.

    Attributes:
        times: How many times there are.
        median_hours: Their median.
        p90_hours: Their 90th percentile.
        within_a_day: Share within 24 hours, 0 to 1.
    """

    times: int = 0
    median_hours: float | None = None
    p90_hours: float | None = None
    within_a_day: float | None = None


def waits_of(group: Whole, times: Whole, groups: int, per_hour: int) -> list[Waits]:
    """Sum up how long something took, group by group.

    Percentiles are by linear interpolation between the two nearest values (type 7 of Hyndman and Fan, 1996).

    Args:
        group: The group of each time, 0 or more, in order.
        times: Times in parts of an hour, 0 or more.
        groups: How many groups there are.
        per_hour: So many parts make an hour.
    """
    numbers = np.bincount(group, minlength=groups)
    soon = np.bincount(group[times <= WITHIN_A_DAY_HOURS * per_hour], minlength=groups)
    return _runs(ordered_within(times, numbers) / per_hour, numbers, soon)


def waits_together(times: npt.NDArray[Any], per_hour: int) -> Waits:
    """Sum up how long something took, of all groups together; arguments as for `waits_of`."""
    number, soon = len(times), np.count_nonzero(times <= WITHIN_A_DAY_HOURS * per_hour)
    if not number:
        return Waits()
    # Only the places that percentiles are made of have what they would have in order: that takes a third of the time.
    low = [int((number - 1) * share) for share in (MEDIAN, MOST)]
    ranked = np.partition(times, sorted({*low, *(min(place + 1, number - 1) for place in low)}))
    return _runs(ranked / per_hour, np.array([number]), np.array([soon]))[0]


def ordered_within(values: npt.NDArray[Any], numbers: Whole) -> npt.NDArray[Any]:
    """Return values with each run of them in order: many short sorts are several times faster than a long one.

    Args:
        values: Runs, one after another.
        numbers: How long each run is.
    """
    made, start = values.copy(), 0
    for number in numbers.tolist():
        made[start : start + number].sort()
        start += number
    return made


def order_by(key: npt.NDArray[Any]) -> Whole:
    """Return the order of whole numbers of 0 or more, as they were where they are equal.

    Sixteen bits at a time, lowest first, since numpy sorts those by counting: several times faster than whole numbers.

    Args:
        key: The numbers.
    """
    order = np.arange(len(key))
    for shift in range(0, int(key.max(initial=0)).bit_length(), 16):
        part = ((key >> key.dtype.type(shift)) & key.dtype.type(0xFFFF)).astype(np.uint16)
        order = order[np.argsort(part[order], kind="stable")]
    return order


def _runs(hours: npt.NDArray[np.float64], numbers: Whole, soon: Whole) -> list[Waits]:
    """Sum up runs of times in order, one after another.

    Args:
        hours: All times.
        numbers: How long each run is.
        soon: How many of each are within a day.
    """
    enough = numbers >= ENOUGH_TIMES
    first, count = (np.cumsum(numbers) - numbers)[enough], numbers[enough]
    median, p90 = _at(hours, first, count, MEDIAN), _at(hours, first, count, MOST)
    told = iter(zip(median.tolist(), p90.tolist(), (soon[enough] / count).tolist(), strict=True))
    return [
        Waits(number, *next(told)) if number >= ENOUGH_TIMES else Waits(number) for number in map(int, numbers.tolist())
    ]


def _at(hours: npt.NDArray[np.float64], first: Whole, count: Whole, share: float) -> npt.NDArray[np.float64]:
    """Return a percentile of each run of ordered values: where it begins, and how many it has, one or more."""
    place = (count - 1) * share
    low = np.floor(place).astype(np.intp)
    below, above = hours[first + low], hours[first + np.minimum(low + 1, count - 1)]
    mixed: npt.NDArray[np.float64] = below + (above - below) * (place - low)
    return mixed
