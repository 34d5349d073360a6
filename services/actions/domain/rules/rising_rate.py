"""The numbers of the rising-rate rule, by the day from which they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class RisingRateRule:
    """One version of the rule.

    Attributes:
        version: As it travels with every signal.
        effective_from: First day that is reviewed by it.
        review_weekday: The day that is reviewed, 0 for Monday; one look a week keeps chance findings few.
        window_days: How many days are looked at, up to and with the reviewed one.
        baseline_max_days: How many days before the window they are compared with, at most.
        baseline_min_days: Below so many nothing is said.
        min_observed: Below so many reports nothing is said, however unlikely they are.
        alpha: The p-value at or below which a signal is raised.
        close_above: The p-value above which a review counts as quiet.
        close_after_reviews: So many quiet reviews in a row close a signal.
        exposure_units: Units by which a rate may be weighted, the first fully known one is taken.
    """

    version: str
    effective_from: date
    review_weekday: int
    window_days: int
    baseline_max_days: int
    baseline_min_days: int
    min_observed: int
    alpha: float
    close_above: float
    close_after_reviews: int
    exposure_units: tuple[str, ...]

    def reviews(self, day: date) -> bool:
        """Tell whether a day is one on which the rule looks."""
        return day.weekday() == self.review_weekday

    def false_alarms_per_site_month(self, series: int) -> float:
        """Bound how many signals a site raises in a month where nothing changes but chance.

        Each look at each series raises with a chance of at most alpha, because the test is exact given
        the sum of both counts; so the bound is series x looks in a month x alpha (Bonferroni, or plain
        linearity of expectation). The true number is far lower: counts are whole numbers, most series are
        too rare ever to reach `min_observed`, looks overlap, and an open signal is not raised again.

        Args:
            series: How many series are looked at per site.

        Returns:
            The upper bound.
        """
        return series * DAYS_PER_MONTH / 7 * self.alpha


VERSIONS: tuple[RisingRateRule, ...] = (
    RisingRateRule(
        version="2026.11",
        effective_from=date(2026, 11, 1),
        review_weekday=6,
        window_days=21,
        baseline_max_days=84,
        baseline_min_days=21,
        min_observed=4,
        alpha=0.005,
        close_above=0.2,
        close_after_reviews=2,
        exposure_units=("occupied_bed_days", "visits", "care_hours", "supported_person_days", "attendances"),
    ),
)
"""Oldest first. With 23 series the bound is 0.5 signals per site and month. Simulated sites with half a report
to 32 reports a week, spread unevenly over the domains, had 0.01 to 0.17."""


def rule_on(day: date) -> RisingRateRule:
    """Return the version by which a day is reviewed; the oldest one for days before all."""
    return next((rule for rule in reversed(VERSIONS) if rule.effective_from <= day), VERSIONS[0])
