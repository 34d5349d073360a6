"""Whether a plan can be expected to hold: the strength of its actions in the hierarchy of actions."""

from __future__ import annotations

from collections.abc import Collection

WEAKER = "weaker"
ONLY_WEAKER = (
    "This plan has only weaker actions (such as training, reminders, double checks or new policies), which depend on "
    "people remembering. Consider one that makes the right way the easy way: simpler, standardised, or built in."
)


def plan_warning(strengths: Collection[str]) -> str | None:
    """Say what to think about where a plan rests on weaker actions alone.

    Source: the hierarchy of actions of the VA National Center for Patient Safety (stronger, intermediate, weaker).

    Args:
        strengths: The strength of each action of the plan that nobody declined.

    Returns:
        A sentence for the manager, or None where an action is stronger or there is none at all.
    """
    return ONLY_WEAKER if strengths and all(strength == WEAKER for strength in strengths) else None
