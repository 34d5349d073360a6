"""Where risk moved: each site and group of domains against that site's own history, never against other sites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from services.reporting.domain.overview import DOUBLING_EVENTS
from shared.statistics.rates import rise_p_value

Evidence = Literal["strong_rise", "some_rise", "as_before", "some_fall", "strong_fall", "too_little"]
SOME, STRONG = 0.025, 0.00135
"""One-sided chances beyond 2 and 3 sigma of a normal distribution, the lines of a funnel and of a control chart."""
NOT_A_RISK = frozenset({"GOOD_CATCH", "NOT_AN_EVENT"})
"""Classes that tell of no risk; all others, unknown ones too, are counted."""


@dataclass(frozen=True)
class Windows:
    """A site's reports and care in a recent window and in the time before it.

    Attributes:
        recent: Reports by domain, in the recent weeks.
        before: Reports by domain, in the weeks before.
        recent_groups: Reports by group of domains, each once in a group.
        before_groups: The same, in the weeks before.
        recent_weeks: Complete weeks of the recent window in which the site was open.
        before_weeks: Weeks before them since it has been heard from, at most as many as were asked for.
        recent_exposure: Care delivered; None where not all recent weeks are covered in one unit.
        before_exposure: The same before; None alike.
        unit: The unit of both; None where weeks stand in for exposure.
    """

    recent: Mapping[str, int]
    before: Mapping[str, int]
    recent_groups: Mapping[str, int]
    before_groups: Mapping[str, int]
    recent_weeks: int
    before_weeks: int
    recent_exposure: float | None = None
    before_exposure: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class HeatCell:
    """One site and one group or domain.

    Attributes:
        name: The group's or the domain's word.
        observed: Reports in the recent window.
        expected: Reports there at the rate of the time before; None without a time before.
        before: Reports in the time before.
        p_value: One-sided chance of a difference this large in its direction, if nothing had changed.
        evidence: How strong the evidence of a change is; `too_little` where not even a doubling would stand out.
    """

    name: str
    observed: int
    expected: float | None
    before: int
    p_value: float | None
    evidence: Evidence


@dataclass(frozen=True)
class HeatRow:
    """A site with its groups and domains; `by_weeks` says that weeks stood in for exposure."""

    site_id: str
    groups: tuple[HeatCell, ...]
    domains: tuple[HeatCell, ...]
    by_weeks: bool
    unit: str | None


def heat_row(site_id: str, windows: Windows, groups: Sequence[str], domains: Sequence[str]) -> HeatRow:
    """Compare a site with its own past.

    Args:
        site_id: The site.
        windows: Its counts and exposure.
        groups: The groups in screen order.
        domains: The domains in screen order.
    """
    by_weeks = not windows.recent_exposure or not windows.before_exposure
    now = float(windows.recent_weeks) if by_weeks else windows.recent_exposure
    then = float(windows.before_weeks) if by_weeks else windows.before_exposure
    return HeatRow(
        site_id=site_id,
        groups=_cells(groups, windows.recent_groups, windows.before_groups, now, then),
        domains=_cells(domains, windows.recent, windows.before, now, then),
        by_weeks=by_weeks,
        unit=None if by_weeks else windows.unit,
    )


def _cells(
    names: Iterable[str], recent: Mapping[str, int], before: Mapping[str, int], now: float | None, then: float | None
) -> tuple[HeatCell, ...]:
    return tuple(heat_cell(name, recent.get(name, 0), before.get(name, 0), now, then) for name in names)


def heat_cell(name: str, observed: int, before: int, now: float | None, then: float | None) -> HeatCell:
    """Weigh one series by the exact conditional test of two Poisson rates.

    Source: Przyborowski and Wilenski, Biometrika 31 (1940). A cell is `too_little` when fewer than five reports would
    be expected and none of the two lines is passed: then quiet says nothing (see `DOUBLING_EVENTS`).

    Args:
        name: The group's or the domain's word.
        observed: Reports in the recent window.
        before: Reports in the time before.
        now: Exposure, or weeks, of the recent window.
        then: The same of the time before.
    """
    if not now or not then:
        return HeatCell(name, observed, None, before, None, "too_little")
    expected = before / then * now
    rising = observed >= expected
    p_value = rise_p_value(observed, now, before, then) if rising else rise_p_value(before, then, observed, now)
    return HeatCell(name, observed, expected, before, p_value, _evidence(p_value, rising, expected))


def _evidence(p_value: float, rising: bool, expected: float) -> Evidence:
    if p_value < STRONG:
        return "strong_rise" if rising else "strong_fall"
    if p_value < SOME:
        return "some_rise" if rising else "some_fall"
    return "as_before" if expected >= DOUBLING_EVENTS else "too_little"


def by_chance(cells: int) -> float:
    """Return how many of so many cells would show some evidence by chance alone, at most: two sides of 2.5 %."""
    return cells * 2 * SOME
