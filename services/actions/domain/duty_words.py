"""What of a duty's typed words which readers get; a duty without them is otherwise the same."""

from __future__ import annotations

from dataclasses import replace

from services.actions.domain.duties import Duty
from services.actions.domain.facts import HELD


def without_words(duty: Duty) -> Duty:
    """Leave out what people typed, for readers of numbers alone."""
    return replace(duty, reason=None, reference=None)


def without_held_words(duty: Duty) -> Duty:
    """Leave out what was typed while the report was held from its site: a release shows the report, not these words."""
    return replace(
        duty,
        reason=None if duty.reason_visibility == HELD else duty.reason,
        reference=None if duty.reference_visibility == HELD else duty.reference,
    )
