"""One control chart: segments, options, summary; limits, tests and points are computed elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.statistics.assurance import assurance
from shared.statistics.averages import mean
from shared.statistics.bad_input import BadInput
from shared.statistics.limits_counts import fit_c, fit_g, fit_p, fit_pp, fit_run, fit_u, fit_up
from shared.statistics.limits_moving_range import fit_i, fit_mr, fit_t, fit_xmr
from shared.statistics.limits_subgroups import fit_s, fit_xbar
from shared.statistics.lines import Basis, Fit
from shared.statistics.points import Point, points_of
from shared.statistics.rule_sets import RULE_SETS, Direction, Rules
from shared.statistics.runs import runs_of
from shared.statistics.series import ChartType, Label, Series

__all__ = ["Chart", "Options", "Segment", "Summary", "chart"]

FITS: dict[str, Callable[[Series, Basis], Fit]] = {
    "xmr": fit_xmr, "run": fit_run, "i": fit_i, "mr": fit_mr, "c": fit_c, "u": fit_u, "up": fit_up,
    "p": fit_p, "pp": fit_pp, "g": fit_g, "t": fit_t, "xbar": fit_xbar, "s": fit_s,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """How a chart is to be made.

    Attributes:
        type: The type of chart.
        rules: The rule set.
        direction: Which way is better.
        freeze: How many points of the first segment its limits are computed from; None for all.
        rebase: Labels of the points at which a new segment starts.
        exclude: Positions, from 1, left out of limits and of the tests for runs.
        screen: Whether moving ranges that are signals themselves are left out; None leaves it to the rule set.
        target: What is aimed at, in the unit of the chart.
        multiply: Unit of rates and shares, above 0; applied last, to values and limits alike.
    """

    type: ChartType
    rules: Rules = "mdc"
    direction: Direction = "neutral"
    freeze: int | None = None
    rebase: tuple[Label, ...] = ()
    exclude: frozenset[int] = frozenset()
    screen: bool | None = None
    target: float | None = None
    multiply: float = 1.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of points with limits of its own; averages are over its points, None where there are none."""

    segment: int
    n: int
    n_obs: int
    n_useful: int
    centre: float | None
    lower_average: float | None
    upper_average: float | None
    longest_run: int | None
    longest_run_max: int | None
    crossings: int | None
    crossings_min: int | None
    runs_signal: bool
    sigma_signals: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the two icons of a chart say; both None where there is nothing to say."""

    variation: str | None
    assurance: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be drawn or sent."""

    type: ChartType
    rules: Rules
    direction: Direction
    n: int
    points: list[Point]
    segments: list[Segment]
    summary: Summary


def chart(series: Series, options: Options) -> Chart:
    """Make a chart of a series.

    Args:
        series: The points in time order.
        options: How it is to be made.

    Returns:
        The chart; without points, segments and summary where the series is empty.

    Raises:
        BadInput: freeze, a rebase label, an excluded position or the multiplier does not fit the series.
    """
    starts = _starts(series.labels, options.rebase)
    _refuse_bad_options(len(series.labels), options)
    points: list[Point] = []
    segments: list[Segment] = []
    ends = [*starts[1:], len(series.labels)] if starts else []
    for number, (start, stop) in enumerate(zip(starts, ends, strict=True), 1):
        freeze = options.freeze if number == 1 else None
        excluded = frozenset(place - 1 - start for place in options.exclude if start < place <= stop)
        made = _segment_points(series.part(start, stop), options, number, freeze, excluded)
        points += made
        segments.append(_segment(number, made))
    return Chart(
        options.type, options.rules, options.direction, len(points), points, segments, _summary(points, options)
    )


def _segment_points(
    part: Series, options: Options, number: int, freeze: int | None, excluded: frozenset[int]
) -> list[Point]:
    size = len(part.labels)
    baseline = size if freeze is None else min(freeze, size)
    kept = tuple(index for index in range(size) if index not in excluded)
    screen = RULE_SETS[options.rules].screen if options.screen is None else options.screen
    basis = Basis(kept, tuple(index for index in kept if index < baseline), screen)
    fit = FITS[options.type](part, basis)
    return points_of(part, fit, kept, baseline, number, options.rules, options.direction, options.multiply)


def _segment(number: int, points: Sequence[Point]) -> Segment:
    kept = [point for point in points if not point.excluded]
    runs = runs_of([point.side for point in kept])
    return Segment(
        segment=number,
        n=len(points),
        n_obs=len(kept),
        n_useful=runs.useful,
        centre=points[0].centre,
        lower_average=mean([point.lower for point in points if point.lower is not None]),
        upper_average=mean([point.upper for point in points if point.upper is not None]),
        longest_run=runs.longest,
        longest_run_max=runs.longest_max,
        crossings=runs.crossings,
        crossings_min=runs.crossings_min,
        runs_signal=runs.signal,
        sigma_signals=sum(point.outside_limits for point in points),
    )


def _summary(points: Sequence[Point], options: Options) -> Summary:
    if not points:
        return Summary(None, None)
    last = points[-1]
    limited = next(
        (p for p in reversed(points) if p.segment == last.segment and p.upper is not None),
        last,
    )
    return Summary(last.point_type, assurance(limited.lower, limited.upper, options.target, options.direction))


def _starts(labels: Sequence[Label], rebase: Sequence[Label]) -> list[int]:
    starts = {0} if labels else set()
    for position, label in enumerate(rebase, 1):
        found = [index for index, other in enumerate(labels) if other == label or str(other) == str(label)]
        if not found:
            raise BadInput("rebase", "is not a label in x; give the x of a point", position)
        if len(found) > 1:
            raise BadInput("rebase", "is the label of several points; give each point its own x", position)
        starts.add(found[0])
    return sorted(starts)


def _refuse_bad_options(size: int, options: Options) -> None:
    if options.freeze is not None and options.freeze < 1:
        raise BadInput("freeze", "is below 1; give how many points the limits come from")
    for place in sorted(options.exclude):
        if not 1 <= place <= size:
            raise BadInput("exclude", f"is not a position from 1 to {size}; count the points from 1")
    if not 1e-100 <= options.multiply <= 1e100:
        raise BadInput("multiply", "is not above 0, or too large; give the unit of the rate, such as 1000")
