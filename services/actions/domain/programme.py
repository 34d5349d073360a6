"""A remedy at several sites: one exact ratio, stratified by site, so that sites of different rates are never mixed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom

from services.actions.domain.effectiveness import Assessment, Count, Trial, assess, had_peak
from shared.statistics.rates import RateRatio
from shared.taxonomy.detection_rules import VerdictNumbers

__all__ = ["assess_programme", "pooled_ratio"]

LOG_BOUND = 12.0


def pooled_ratio(strata: Sequence[tuple[Count, Count]], confidence: float = 0.95) -> RateRatio:
    """Estimate one rate ratio over sites, exactly, given each site's sum of events.

    Given its sum, each site's events after are binomial with p = RR Ea / (RR Ea + Eb); their total is a sum of
    binomials, whose distribution is computed by convolution. The limits are those ratios at which the total, or a more
    extreme one, has half the error's chance. The estimate is the conditional maximum likelihood one.

    Source: Breslow and Day, Statistical Methods in Cancer Research II (1987), section 3.6.

    Args:
        strata: For each site, before and after, with exposure above 0; starts may differ between sites.
        confidence: Of the two-sided interval, between 0 and 1.

    Returns:
        Ratio, interval and central p-value, as for a single site.

    Raises:
        ValueError: there is no site, an exposure is not above 0, or the confidence is not between 0 and 1.
    """
    if not strata or any(before.weight <= 0 or after.weight <= 0 for before, after in strata):
        raise ValueError("a pooled ratio needs sites with exposure above 0 before and after")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    observed = sum(after.events for _, after in strata)
    total = observed + sum(before.events for before, _ in strata)
    tail = (1 - confidence) / 2

    def at_least(log_ratio: float) -> float:
        return float(_total(strata, math.exp(log_ratio))[observed:].sum())

    def at_most(log_ratio: float) -> float:
        return float(_total(strata, math.exp(log_ratio))[: observed + 1].sum())

    def mean(log_ratio: float) -> float:
        chances = _total(strata, math.exp(log_ratio))
        return float(chances @ np.arange(len(chances)))

    low = 0.0 if observed == 0 else _solve(lambda x: at_least(x) - tail)
    high = math.inf if observed == total else _solve(lambda x: at_most(x) - tail)
    if total == 0:
        ratio = math.nan
    elif observed in (0, total):
        ratio = 0.0 if observed == 0 else math.inf
    else:
        ratio = _solve(lambda x: mean(x) - observed)
    return RateRatio(ratio, low, high, min(1.0, 2 * min(at_least(0.0), at_most(0.0))))


def _total(strata: Sequence[tuple[Count, Count]], ratio: float) -> np.typing.NDArray[np.float64]:
    """Return the chances of each total of events after."""
    chances = np.ones(1)
    for before, after in strata:
        events = before.events + after.events
        share = ratio * after.weight / (ratio * after.weight + before.weight)
        chances = np.convolve(chances, binom.pmf(np.arange(events + 1), events, share))
    return chances


def _solve(function: Callable[[float], float]) -> float:
    return math.exp(float(brentq(function, -LOG_BOUND, LOG_BOUND, xtol=1e-12)))


def assess_programme(
    trials: Sequence[Trial], rules: VerdictNumbers, *, was_effective: bool = False
) -> tuple[Trial, Assessment] | None:
    """Give one verdict on a remedy at several sites.

    The ratio is exact and stratified by site, whatever the sites' rates, sizes and starts. For the guards each site's
    counts are weighed by what its own past would have brought, so that no site is compared with another. Where chance
    had made the weeks before busy, the site's time before them stands in place of its baseline.

    Args:
        trials: One for each site, each since its own start.
        rules: The numbers.
        was_effective: Whether all together were effective once, so that they can relapse.

    Returns:
        The pooled counts and the verdict; None while no site has exposure on both sides.
    """
    usable = [trial for trial in (_own_past(trial) for trial in trials) if trial.before.weight and trial.after.weight]
    if not usable:
        return None
    found = pooled_ratio([(trial.before, trial.after) for trial in usable])
    before, after = _standard([(trial.before, trial.after) for trial in usable])
    others_before, others_after = _standard([(trial.others_before, trial.others_after) for trial in usable])
    harm_before, harm_after = _standard([(trial.harm_before, trial.harm_after) for trial in usable])
    early, late = _parts(usable)
    pooled = Trial(
        before=before,
        after=after,
        risen=True,  # chance peaks were taken out above, site by site
        days_after=min(trial.days_after for trial in usable),
        weeks_after=sum(trial.weeks_after for trial in usable) / len(usable),
        others_before=others_before,
        others_after=others_after,
        harm_before=harm_before,
        harm_after=harm_after,
        severe_harm_after=sum(trial.severe_harm_after for trial in usable),
        early=early,
        late=late,
        was_effective=was_effective,
        lapsed=all(trial.lapsed for trial in usable),
        was_shown=all(trial.was_shown for trial in usable),
    )
    verdict = assess(pooled, rules, found)
    return None if verdict is None else (pooled, verdict)


def _own_past(trial: Trial) -> Trial:
    return replace(trial, before=trial.long_run) if trial.long_run is not None and had_peak(trial) else trial


def _standard(pairs: Sequence[tuple[Count, Count]]) -> tuple[Count, Count]:
    """Add counts up in units of what each site's own past would have brought: the rate before is 1 by construction."""
    events_before = sum(before.events for before, _ in pairs)
    expected = sum(before.rate * after.weight for before, after in pairs)
    return Count(events_before, float(events_before)), Count(sum(after.events for _, after in pairs), expected)


def _parts(trials: Sequence[Trial]) -> tuple[Count | None, Count | None]:
    """Return the first part since the start and the last weeks, of the sites that have been at it for long enough."""
    early = [(trial.before, trial.early) for trial in trials if trial.early is not None and trial.late is not None]
    late = [(trial.before, trial.late) for trial in trials if trial.early is not None and trial.late is not None]
    return (_standard(early)[1], _standard(late)[1]) if early else (None, None)
