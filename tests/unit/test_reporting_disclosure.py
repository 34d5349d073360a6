"""What outsiders may see of small numbers, and that two snapshots side by side give nothing away."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.domain.disclosure import OUTSIDE, WHOLE, WITHHELD, could_be_differenced
from services.reporting.domain.overview import WEEK
from services.reporting.domain.reading import Span

MONDAY = date(2026, 1, 5)


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (1, "*"), (7, "*"), (8, 10), (12, 10), (13, 15), (102, 100)])
def test_one_to_seven_is_withheld_and_the_rest_rounded(count: int, shown: int | str) -> None:
    """Zero is shown; from eight on the nearest five."""
    assert shown == OUTSIDE.shown(count)
    assert count == WHOLE.shown(count)


@given(st.integers(0, 500), st.floats(1, 1e6))
def test_a_rate_never_says_more_than_its_count(count: int, exposure: float) -> None:
    """Counts that are shown alike have rates that are shown alike; a withheld count has none."""
    shown = OUTSIDE.shown(count)
    rate = OUTSIDE.rate(count, exposure, 1_000)
    if shown == WITHHELD:
        assert rate == WITHHELD
    else:
        assert rate == OUTSIDE.rate(int(shown), exposure, 1_000) or shown == 5
    assert OUTSIDE.rate(count, None, 1_000) == (WITHHELD if shown == WITHHELD else None)


def test_snapshots_that_overlap_could_be_differenced() -> None:
    """A shared site and week is enough, the very same ones too; other sites, or weeks after it, are not."""
    first = (frozenset({"a", "b"}), Span(MONDAY, MONDAY + WEEK * 12))
    after = Span(MONDAY + WEEK * 13, MONDAY + WEEK * 25)
    assert could_be_differenced(frozenset({"b"}), first[1], [first])
    assert could_be_differenced(first[0], Span(MONDAY, MONDAY + WEEK * 13), [first])
    assert could_be_differenced(*first, [first])
    assert not could_be_differenced(frozenset({"a"}), after, [first])
    assert not could_be_differenced(frozenset({"c"}), first[1], [first])
