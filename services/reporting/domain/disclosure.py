"""What outsiders may see of small numbers: counts that could point to a person are withheld or rounded."""

from __future__ import annotations

from dataclasses import dataclass

from services.reporting.domain.reading import Span

WITHHELD = "*"


@dataclass(frozen=True)
class Policy:
    """How counts are shown.

    Source: NHS Digital's disclosure control for sub-national counts: 1 to 7 withheld, others to the nearest 5, zero
    shown; counts of organisations and of what they did are exempt.

    Attributes:
        version: Travels with every figure.
        min_cell: Smaller counts above zero are withheld; 0 withholds none.
        round_to: Others are rounded to the nearest multiple; 1 rounds none.
    """

    version: str
    min_cell: int
    round_to: int

    def shown(self, count: int) -> int | str:
        """Return a count as it may be seen.

        Args:
            count: 0 or more.
        """
        if 0 < count < self.min_cell:
            return WITHHELD
        return (count + self.round_to // 2) // self.round_to * self.round_to

    def rate(self, count: int, exposure: float | None, per: float) -> float | str | None:
        """Return a rate from the count as it may be seen: from the exact one the count could be computed back.

        Args:
            count: 0 or more.
            exposure: Care delivered; None where it is not known.
            per: Units of exposure that the rate is per.
        """
        shown = self.shown(count)
        if not exposure or isinstance(shown, str):
            return WITHHELD if isinstance(shown, str) else None
        return round(shown / exposure * per, 1)


WHOLE = Policy("whole", 0, 1)
OUTSIDE = Policy("outside-2026.11", 8, 5)


def hides_nothing(policy: Policy, counts: list[int]) -> bool:
    """Tell whether a policy lets all counts be seen."""
    return all(policy.shown(count) != WITHHELD for count in counts)


def could_be_differenced(sites: frozenset[str], span: Span, issued: list[tuple[frozenset[str], Span]]) -> bool:
    """Tell whether a snapshot, set beside one that was issued, would give a smaller one away.

    Two that share a site and a week differ by what lies in one and not in the other; the same sites and weeks counted
    again differ by what came in between.

    Args:
        sites: Sites of the new one.
        span: Its weeks.
        issued: Sites and weeks of those already issued to outsiders.
    """
    return any(bool(sites & others) and span.first <= past.last and past.first <= span.last for others, past in issued)
