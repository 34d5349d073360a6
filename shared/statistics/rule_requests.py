"""Single rules tested on limits that are given, as other programs' own test data does it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from shared.statistics.assurance import assurance
from shared.statistics.bad_input import BadInput
from shared.statistics.fields import choice, number_or, numbers, whole_or
from shared.statistics.rule_sets import DIRECTIONS, RULE_SETS, Direction
from shared.statistics.rule_tests import (
    MARKS,
    Mark,
    astronomical_point,
    shift,
    sides_of,
    trend,
    two_beyond_in_three,
    two_in_three,
)

__all__ = ["answer_rule"]

RULES = ("astronomical_point", "shift", "trend", "two_in_three", "assurance")
Request = Mapping[str, object]


def answer_rule(request: Request) -> dict[str, Any]:
    """Test one rule.

    Args:
        request: `rule`, and what it needs: values and lines as arrays of one length; a line that is the same
            everywhere may be one number. `n`, `mark` and `rules` are optional.

    Returns:
        `sides`, -1, 0 or 1 for each value; or `assurance`.

    Raises:
        BadInput: the rule is unknown or not one of its rule set, or a field is missing or cannot be.
    """
    rule = choice(request, "rule", RULES)
    if rule == "assurance":
        return {"assurance": _assurance(request)}
    rules = choice(request, "rules", RULE_SETS, "mdc")
    if rule != "astronomical_point" and not RULE_SETS[rules].runs:
        raise BadInput("rules", f"has no {rule} of single points; give mdc or powerbi_spc")
    values = numbers(request, "values")
    mark = cast("Mark", choice(request, "mark", MARKS, "beyond" if rule == "two_in_three" else "run"))
    if rule == "astronomical_point":
        sides = astronomical_point(values, _line(request, "lower", values), _line(request, "upper", values))
    elif rule == "shift":
        sides = shift(sides_of(values, _line(request, "centre", values)), _length(request, 1), mark)
    elif rule == "trend":
        sides = trend(values, _length(request, 2), mark)
    else:
        sides = _two_in_three(request, values, mark, third_anywhere=RULE_SETS[rules].third_anywhere)
    return {"sides": sides}


def _assurance(request: Request) -> str | None:
    direction = cast("Direction", choice(request, "direction", DIRECTIONS, "neutral"))
    lower, upper = number_or(request, "lower", None), number_or(request, "upper", None)
    return assurance(lower, upper, number_or(request, "target", None), direction)


def _two_in_three(request: Request, values: list[float | None], mark: Mark, third_anywhere: bool) -> list[int]:
    near = [_line(request, name, values) for name in ("near_lower", "near_upper")]
    beyond = astronomical_point(values, *near)
    if third_anywhere:
        return two_beyond_in_three(beyond, mark)
    sides = sides_of(values, _line(request, "centre", values))
    outside = astronomical_point(values, _line(request, "lower", values), _line(request, "upper", values))
    return two_in_three(sides, [bool(b) and not o for b, o in zip(beyond, outside, strict=True)], mark)


def _line(request: Request, name: str, values: list[float | None]) -> list[float | None]:
    if isinstance(request.get(name), int | float):
        return [number_or(request, name, None)] * len(values)
    line = numbers(request, name)
    if len(line) != len(values):
        raise BadInput(name, f"has {len(line)} numbers for {len(values)} values; give as many of each")
    return line


def _length(request: Request, least: int) -> int:
    n = whole_or(request, "n", 7)
    if n is None or n < least:
        raise BadInput("n", f"is below {least}; give how many points the rule takes")
    return n
