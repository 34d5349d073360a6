"""Which weeks a question is about: complete ones, in England, and never a period that ends before it starts."""

from __future__ import annotations

from datetime import date

from services.reporting.domain.overview import WEEK, last_complete_week
from services.reporting.domain.reading import Span
from services.reporting.usecases.access import require_order
from shared.kernel.clock import week_start
from shared.kernel.errors import Fault, Invalid

LONGEST_WEEKS = 520
"""Ten years: no question of governance reaches further back, and no answer grows beyond it."""


def complete_weeks(first: date | None, last: date | None, today: date, usual_weeks: int) -> Span:
    """Return the complete weeks that a question is about.

    Args:
        first: A day in the first week; None takes `usual_weeks` before the last one.
        last: A day in the last week; None, or a week that is not over, takes the last complete one.
        today: The day in England.
        usual_weeks: How many weeks where nothing is asked for.

    Raises:
        Invalid: the period ends before it starts, holds no complete week, or is longer than ten years.
    """
    require_order(first, last)
    newest = last_complete_week(today)
    end = min(week_start(last), newest) if last else newest
    start = week_start(first) if first else end - WEEK * (usual_weeks - 1)
    if end < start:
        raise Invalid("the period holds no complete week yet", (Fault("must be a Sunday before today", field="to"),))
    if (end - start).days // 7 >= LONGEST_WEEKS:
        raise Invalid("the period is too long", (Fault(f"must be within {LONGEST_WEEKS} weeks", field="from"),))
    return Span(start, end)
