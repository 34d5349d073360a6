"""The shape of a person's labels: what each field takes, and which fields must be said together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.kernel.errors import Fault

FLAGS: Final = ("is_near_miss",)
LISTS: Final = ("domains", "contributory_factors", "how_caught", "escalate", "assets")
WORDS: Final = ("primary_domain", "potential_severity", "event_class", "disruption_kind")
NULLABLE: Final = ("primary_domain", "disruption_kind")
_SHOWN_MAX_CHARS = 64


def shape_faults(labels: Mapping[str, Any]) -> list[Fault]:
    """Check that each label is one that there is, and has the shape that its readers expect.

    Args:
        labels: Values by field name of `precedence.FIELDS`.

    Returns:
        A fault with the field's name for each label that is wrong.
    """
    found = ((name, _why_not(name, value)) for name, value in labels.items())
    return [Fault(why, name[:_SHOWN_MAX_CHARS]) for name, why in found if why]


def joint_faults(labels: Mapping[str, Any]) -> list[Fault]:
    """Check what labels say together.

    The event class follows from is_near_miss and escalate, so that neither is decided without it, and no list of labels
    takes an escalation away.

    Args:
        labels: Values by field name.

    Returns:
        A fault with the field's name for each rule that is broken.
    """
    faults = []
    if ("is_near_miss" in labels or "escalate" in labels) and "event_class" not in labels:
        faults.append(Fault("say the event class too: it follows from is_near_miss and escalate", "event_class"))
    if labels.get("escalate") == []:
        faults.append(Fault("an escalation is removed by a recorded decision, not by a correction", "escalate"))
    if isinstance(domains := labels.get("domains"), list) and labels.get("primary_domain") not in (None, *domains):
        faults.append(Fault("must be one of the domains", "primary_domain"))
    return faults


def words_of(value: Any) -> list[str]:
    """Return the words of a label whose shape is right: those of a list, the one word, or none."""
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else []


def _why_not(name: str, value: Any) -> str | None:
    if name in FLAGS:
        return None if isinstance(value, bool) else "must be true or false"
    if name in LISTS:
        fits = isinstance(value, list) and all(isinstance(word, str) for word in value)
        return None if fits else "must be a list of words"
    if name in WORDS:
        return None if isinstance(value, str) or (value is None and name in NULLABLE) else "must be a word"
    return "is not a label that can be given"
