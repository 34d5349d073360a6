"""One request as plain data, answered: charts, single rules, exact comparisons; files are read elsewhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

from shared.statistics.bad_input import BadInput
from shared.statistics.chart import Chart, Options, chart
from shared.statistics.fields import choice, labels, number, number_or, numbers, whole, whole_or
from shared.statistics.funnel import funnel_limits
from shared.statistics.rates import events_needed, rate_ratio
from shared.statistics.rule_requests import answer_rule
from shared.statistics.rule_sets import DIRECTIONS, RULE_SETS, Direction, Rules
from shared.statistics.series import CHART_TYPES, ChartType, columns_for, series_of

__all__ = ["answer", "options_of"]

COVERAGES = (0.95, 0.998)
Request = Mapping[str, object]


def answer(request: Request) -> Chart | dict[str, Any]:
    """Answer one request.

    Args:
        request: `command`, and the fields it takes; a field that is null counts as not given.

    Returns:
        What the single command prints, as a dataclass or a dictionary without NaN or infinity.

    Raises:
        BadInput: the command is unknown, or a field is missing or cannot be.
    """
    given = {name: value for name, value in request.items() if value is not None}
    command = choice(given, "command", _COMMANDS)
    try:
        return _COMMANDS[command](given)
    except ArithmeticError as error:
        raise BadInput("command", "meets numbers too large or too small to compute with; use another unit") from error


def options_of(request: Request) -> Options:
    """Read how a chart is to be made.

    Args:
        request: The fields of a chart; those of its data are left alone.

    Returns:
        The options.

    Raises:
        BadInput: a field is missing or cannot be.
    """
    screen = request.get("screen")
    if screen is not None and not isinstance(screen, bool):
        raise BadInput("screen", "is neither true nor false; give one of them or leave it out")
    excluded = numbers(request, "exclude") if "exclude" in request else []
    for position, place in enumerate(excluded, 1):
        if place is None or place != int(place):
            raise BadInput("exclude", "is not a whole number; give positions, counted from 1", position)
    return Options(
        type=cast("ChartType", choice(request, "type", CHART_TYPES)),
        rules=cast("Rules", choice(request, "rules", RULE_SETS, "mdc")),
        direction=cast("Direction", choice(request, "direction", DIRECTIONS, "neutral")),
        freeze=whole_or(request, "freeze", None),
        rebase=tuple(labels(request, "rebase")) if "rebase" in request else (),
        exclude=frozenset(int(place) for place in excluded if place is not None),
        screen=screen,
        target=number_or(request, "target", None),
        multiply=number_or(request, "multiply", 1.0),
    )


def _chart(request: Request) -> Chart:
    options = options_of(request)
    columns = {name: numbers(request, name) for name in columns_for(options.type, request.keys())}
    first = next(iter(columns.values()))
    named = labels(request, "x") if "x" in request else range(1, len(first) + 1)
    return chart(series_of(options.type, columns, named), options)


def _rate_ratio(request: Request) -> dict[str, Any]:
    after, before = _count(request, "after_events"), _count(request, "before_events")
    exposures = [_above_zero(request, name) for name in ("after_exposure", "before_exposure")]
    confidence = number_or(request, "confidence", 0.95)
    if not 0 < confidence < 1:
        raise BadInput("confidence", "does not lie between 0 and 1; give a share such as 0.95")
    found = rate_ratio(after, exposures[0], before, exposures[1], confidence)
    return {
        "rate_ratio": _finite(found.ratio),
        "ci_low": _finite(found.low),
        "ci_high": _finite(found.high),
        "p_value": _finite(found.p_value),
    }


def _evidence_gate(request: Request) -> dict[str, Any]:
    reduction = number(request, "reduction")
    if not 0.05 <= reduction <= 1:
        raise BadInput("reduction", "does not lie between 0.05 and 1; give the share by which events fall")
    return {"baseline_events": events_needed(reduction)}


def _funnel(request: Request) -> dict[str, Any]:
    expected, coverage = _above_zero(request, "expected"), number(request, "coverage")
    if coverage not in COVERAGES:
        raise BadInput("coverage", "is neither 0.95 nor 0.998; give one of them")
    found = funnel_limits(expected, coverage)
    return {"lower": found.lower, "upper": found.upper}


def _count(request: Request, name: str) -> int:
    count = whole(request, name)
    if count < 0:
        raise BadInput(name, "is negative; a count is 0 or more")
    return count


def _above_zero(request: Request, name: str) -> float:
    amount = number(request, name)
    if not amount > 0:
        raise BadInput(name, "is not above 0; give an amount above 0")
    return amount


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_COMMANDS: dict[str, Callable[[Request], Chart | dict[str, Any]]] = {
    "chart": _chart,
    "rule": answer_rule,
    "rate_ratio": _rate_ratio,
    "evidence_gate": _evidence_gate,
    "funnel": _funnel,
}
