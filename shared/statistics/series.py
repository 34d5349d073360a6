"""One series as given, checked and ready to be charted; reading files is elsewhere."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from shared.statistics.averages import mean
from shared.statistics.bad_input import BadInput

__all__ = [
    "CHART_TYPES",
    "RATE_TYPES",
    "SHARE_TYPES",
    "SUBGROUP_TYPES",
    "ChartType",
    "Label",
    "Series",
    "columns_for",
    "series_of",
]

ChartType = Literal["xmr", "run", "i", "mr", "c", "u", "up", "p", "pp", "g", "t", "xbar", "s"]
Label = str | int | float | None
Numbers = Sequence[float | None]

CHART_TYPES: tuple[str, ...] = get_args(ChartType)
SHARE_TYPES = frozenset({"p", "pp"})
RATE_TYPES = frozenset({"u", "up"}) | SHARE_TYPES
SUBGROUP_TYPES = frozenset({"xbar", "s"})
_COUNT_TYPES = frozenset({"c", "g"})
_Y, _RATIO, _SUMMARY = ("y",), ("numerator", "denominator"), ("mean", "sd", "size")
# The forms in which each type may be given; all others take y.
_CHOICES: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("u", "up", "p", "pp"), (_RATIO,)),
    **dict.fromkeys(("xmr", "i", "mr", "run"), (_Y, _RATIO)),
    **dict.fromkeys(("xbar", "s"), (_SUMMARY, _Y)),
}
# Beyond these a square or a ratio of two numbers may leave the range of a float.
_LARGEST, _SMALLEST = 1e100, 1e-100


@dataclass(frozen=True, slots=True)
class Series:
    """Points in time order, all tuples of one length; None is a missing number.

    Attributes:
        labels: What each point is called: a date or anything else.
        values: What is drawn: the measurement, the count, the rate, the subgroup's mean.
        numerators: Of a ratio, as given; otherwise all None.
        denominators: Of a ratio, as given; otherwise all None.
        sds: Standard deviation within each subgroup (xbar, s); otherwise all None.
        sizes: Observations in each subgroup (xbar, s); otherwise all None.
    """

    labels: tuple[Label, ...]
    values: tuple[float | None, ...]
    numerators: tuple[float | None, ...]
    denominators: tuple[float | None, ...]
    sds: tuple[float | None, ...]
    sizes: tuple[float | None, ...]

    def part(self, start: int, stop: int) -> Series:
        """Return the points from `start` up to, not including, `stop`, counted from 0."""
        return Series(
            self.labels[start:stop],
            self.values[start:stop],
            self.numerators[start:stop],
            self.denominators[start:stop],
            self.sds[start:stop],
            self.sizes[start:stop],
        )


def columns_for(chart_type: ChartType, given: Collection[str]) -> tuple[str, ...]:
    """Say which of the columns given a chart of this type reads.

    Args:
        chart_type: The type of chart.
        given: Names of the columns there are; those of other types are left alone.

    Returns:
        `y`; or `numerator` and `denominator`; or `mean`, `sd` and `size`.

    Raises:
        BadInput: a column is missing, or the numbers are given twice in two forms.
    """
    choices = _CHOICES.get(chart_type, (("y",),))
    whole = [names for names in choices if all(name in given for name in names)]
    if len(whole) > 1:
        others = ",".join(next(names for names in whole if names != _Y))
        raise BadInput("y", f"is given beside {others}; give the one or the other")
    if whole:
        return whole[0]
    started = [names for names in choices if any(name in given for name in names)]
    missing = next(name for name in (started or choices)[0] if name not in given)
    wanted = " or ".join(",".join(names) for names in choices)
    raise BadInput(missing, f"is missing; a chart of type {chart_type} needs {wanted}")


def series_of(chart_type: ChartType, columns: Mapping[str, Numbers], labels: Sequence[Label]) -> Series:
    """Check the columns that a chart of this type needs, and make its series of them.

    Args:
        chart_type: Decides which columns are needed; others are left alone.
        columns: `y`; or `numerator` and `denominator` for a ratio; or `mean`, `sd`, `size` for subgroups.
        labels: What each row is called, in time order; for raw observations of subgroups, each label again
            for every observation.

    Returns:
        The series, one point to a label.

    Raises:
        BadInput: a column is missing, given twice in two forms, of another length, or holds a number that
            cannot be one of its kind.
    """
    names = columns_for(chart_type, columns)
    for name in names:
        if len(columns[name]) != len(labels):
            raise BadInput(name, f"has {len(columns[name])} values for {len(labels)} points; give as many of each")
        _refuse_extremes(name, columns[name])
    empty: tuple[None, ...] = (None,) * len(labels)
    if "numerator" in names:
        above, below = tuple(columns["numerator"]), tuple(columns["denominator"])
        _refuse_bad_ratio(chart_type, above, below)
        values = tuple(n / d if n is not None and d else None for n, d in zip(above, below, strict=True))
        return Series(tuple(labels), values, above, below, empty, empty)
    if "mean" in names:
        return _subgroups(chart_type, columns, tuple(labels))
    if chart_type in SUBGROUP_TYPES:
        grouped, means, sds, sizes = _summarise(columns["y"], labels)
        return _subgroups(chart_type, {"mean": means, "sd": sds, "size": sizes}, grouped)
    if chart_type in _COUNT_TYPES:
        _refuse_below_zero("y", columns["y"], "a count is 0 or more")
    if chart_type == "t":
        _refuse_no_time(columns["y"])
    return Series(tuple(labels), tuple(columns["y"]), empty, empty, empty, empty)


def _refuse_extremes(name: str, values: Numbers) -> None:
    for position, value in enumerate(values, 1):
        if value and not _SMALLEST <= abs(value) <= _LARGEST:
            raise BadInput(name, "is beyond what can be computed; give it in another unit", position)


def _refuse_below_zero(name: str, values: Numbers, rule: str) -> None:
    for position, value in enumerate(values, 1):
        if value is not None and value < 0:
            raise BadInput(name, f"is negative, but {rule}; correct it or leave it empty", position)


def _refuse_bad_ratio(chart_type: ChartType, above: Numbers, below: Numbers) -> None:
    if chart_type in RATE_TYPES:
        _refuse_below_zero("numerator", above, "a count is 0 or more")
    _refuse_below_zero("denominator", below, "an exposure is above 0, or 0 for a period without any")
    if chart_type in SHARE_TYPES:
        for position, (n, d) in enumerate(zip(above, below, strict=True), 1):
            if n is not None and d is not None and n > d:
                raise BadInput("numerator", "is above its denominator; a share is at most 1, else use u", position)


def _refuse_no_time(values: Numbers) -> None:
    for position, value in enumerate(values, 1):
        if value is not None and value <= 0:
            raise BadInput("y", "is not above 0; give times between events in a finer unit, or use g", position)


def _subgroups(chart_type: ChartType, columns: Mapping[str, Numbers], labels: tuple[Label, ...]) -> Series:
    means, sds, sizes = tuple(columns["mean"]), columns["sd"], tuple(columns["size"])
    _refuse_below_zero("sd", sds, "a standard deviation is 0 or more")
    for position, size in enumerate(sizes, 1):
        if size is not None and (size < 0 or size != int(size)):
            raise BadInput("size", "is not a whole number of observations; correct it", position)
    spread = tuple(sd if n is not None and n > 1 else None for sd, n in zip(sds, sizes, strict=True))
    known = tuple(m if n else None for m, n in zip(means, sizes, strict=True))
    empty: tuple[None, ...] = (None,) * len(labels)
    return Series(labels, spread if chart_type == "s" else known, empty, empty, spread, sizes)


def _summarise(
    values: Numbers, labels: Sequence[Label]
) -> tuple[tuple[Label, ...], list[float | None], list[float | None], list[float | None]]:
    """Group raw observations by label, in order of first appearance; one without a label is of no subgroup."""
    from_label: dict[Label, list[float]] = {}
    for label, value in zip(labels, values, strict=True):
        if label is None or label == "":
            continue
        group = from_label.setdefault(label, [])
        if value is not None:
            group.append(value)
    return (
        tuple(from_label),
        [mean(group) for group in from_label.values()],
        [_sd(group) for group in from_label.values()],
        [float(len(group)) for group in from_label.values()],
    )


def _sd(group: Sequence[float]) -> float | None:
    centre = mean(group)
    if centre is None or len(group) < 2:
        return None
    return math.sqrt(math.fsum((value - centre) ** 2 for value in group) / (len(group) - 1))
