"""Whether a process as it is will meet a target; the limits come from a chart."""

from __future__ import annotations

from shared.statistics.averages import sign_between
from shared.statistics.rule_sets import Direction

__all__ = ["assurance"]


def assurance(lower: float | None, upper: float | None, target: float | None, direction: Direction) -> str | None:
    """Say whether the target is met always, never, or now and then.

    Source: the "Making Data Count" assurance icons as NHSRplotthedots decides them.

    Args:
        lower: Lower limit at the last point; None where there is none.
        upper: Upper limit at the last point; None where there is none.
        target: What is aimed at, in the unit of the limits; None without one.
        direction: Which way is better.

    Returns:
        `consistent_pass`, `consistent_fail` or `inconsistent`; None without target or limits, or when neutral.
    """
    if target is None or direction == "neutral" or (lower is None and upper is None):
        return None
    if upper is not None and sign_between(target, upper) > 0:
        return "consistent_fail" if direction == "increase" else "consistent_pass"
    if lower is not None and sign_between(target, lower) < 0:
        return "consistent_pass" if direction == "increase" else "consistent_fail"
    return "inconsistent"
