"""Named rule sets: which tests belong together, whether moving ranges are screened, and what a finding is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from shared.statistics.rule_tests import shift, trend, two_beyond_in_three, two_in_three

__all__ = ["DIRECTIONS", "RULE_SETS", "Direction", "Findings", "Rules", "find", "point_type", "special_cause"]

Rules = Literal["mdc", "anhoej", "shewhart", "powerbi_spc"]
Direction = Literal["increase", "decrease", "neutral"]
DIRECTIONS: tuple[str, ...] = get_args(Direction)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What a rule set is made of.

    Attributes:
        runs: Whether shift, trend and two in three are tested; every set tests for points beyond a limit.
        third_anywhere: Whether two in three leaves open where the third point lies.
        screen: Whether moving ranges that are signals themselves are left out, where nobody says otherwise.
    """

    runs: bool
    third_anywhere: bool
    screen: bool


RULE_SETS: dict[str, RuleSet] = {
    "mdc": RuleSet(runs=True, third_anywhere=False, screen=True),
    "anhoej": RuleSet(runs=False, third_anywhere=False, screen=False),
    "shewhart": RuleSet(runs=False, third_anywhere=False, screen=False),
    "powerbi_spc": RuleSet(runs=True, third_anywhere=True, screen=True),
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What the tests for runs found: -1, 0 or 1 for each point."""

    shift: list[int]
    trend: list[int]
    two_in_three: list[int]


def find(
    rules: Rules,
    values: Sequence[float | None],
    sides: Sequence[int],
    outside: Sequence[int],
    beyond: Sequence[int],
) -> Findings:
    """Run a rule set's tests for runs over one segment.

    Sources: NHSRplotthedots for mdc, PowerBI-SPC for powerbi_spc. Shewhart's own rule and Anhoej's need no
    test of single points here: theirs are the limits, and the runs of the whole segment.

    Args:
        rules: The rule set.
        values: Points that are not excluded, in time order; None is a gap.
        sides: -1, 0 or 1 to the centre.
        outside: -1 or 1 beyond 3 sigma, else 0.
        beyond: -1 or 1 beyond 2 sigma, else 0; those beyond 3 sigma count too.

    Returns:
        The findings.
    """
    rule_set = RULE_SETS[rules]
    if not rule_set.runs:
        nothing = [0] * len(values)
        return Findings(nothing, nothing, nothing)
    if rule_set.third_anywhere:
        pairs = two_beyond_in_three(beyond)
    else:
        pairs = two_in_three(sides, [bool(b) and not o for b, o in zip(beyond, outside, strict=True)])
    return Findings(shift(sides), trend(values), pairs)


def special_cause(outside: int, trending: int, pair: int, shifted: int) -> str | None:
    """Name the first special cause that holds, in the order of the "Making Data Count" rules.

    Args:
        outside: -1 or 1 beyond a limit, else 0.
        trending: -1 or 1 in a falling or rising trend, else 0.
        pair: -1 or 1 among two in three, else 0.
        shifted: -1 or 1 in a shift, else 0.

    Returns:
        Its name, or None.
    """
    if outside:
        return "above_upper_limit" if outside > 0 else "below_lower_limit"
    if trending:
        return "trend_increasing" if trending > 0 else "trend_decreasing"
    if pair:
        return "two_in_three_above" if pair > 0 else "two_in_three_below"
    if shifted:
        return "shift_above" if shifted > 0 else "shift_below"
    return None


def point_type(way: int, direction: Direction) -> str:
    """Say what a special cause means, given which way is better.

    Args:
        way: 1 upwards, -1 downwards, 0 for none.
        direction: Which way is better.

    Returns:
        `common_cause`, or one of the four kinds of special cause.
    """
    if not way:
        return "common_cause"
    if direction == "neutral":
        return "special_cause_neutral_high" if way > 0 else "special_cause_neutral_low"
    better = (way > 0) == (direction == "increase")
    return "special_cause_improvement" if better else "special_cause_concern"
