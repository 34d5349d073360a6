"""The rule of shared seasons: a theme or domain that rises at several sites at once, and not because more is told."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import numpy as np
from scipy.special import chdtrc

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.look import Look
from services.actions.domain.detection.one_series import Series
from services.actions.domain.detection.panel import Flags, Floats, Windows
from services.actions.domain.detection.signals import Signal
from services.actions.domain.detection.site_state import SiteState
from services.actions.domain.detection.world import Basis, World, span_of
from shared.taxonomy.detection_rules import SeasonNumbers

__all__ = ["review_seasons"]

MEMORY_DAYS = 70


def review_seasons(world: World, look: Look, on: int) -> None:
    """Raise what several sites share.

    Args:
        world: The provider.
        look: The week's look; its baselines are used, with windows of the rule's own.
        on: The day of review.
    """
    rules = world.rules(on)
    sizes = [size for size in rules.season.windows_weeks if size in look.windows.sizes]
    taken = {
        domain
        for signal in world.shared
        if signal.closed_on is None or signal.closed_on > on - MEMORY_DAYS
        for domain in signal.series.domains
    }
    found = []
    seasonal = {n for n, s in enumerate(world.book.series) if s.kind in ("domain", "theme") and _in_season(world, s)}
    likely = _likely(look, rules.season, seasonal)
    for number in (*range(1, 1 + len(world.data.titles)), *world.book.seasons):
        if taken & set(world.book.series[number].domains):
            continue
        for size in sizes:
            at = look.windows.sizes.index(size)
            if not likely[number, at]:
                continue
            p, up = _pooled(look, number, at, rules.season, number in seasonal)
            if p <= rules.season.alpha:
                found.append((p, number, size, up))
    for _, number, size, up in sorted(found, key=lambda item: item[:3]):
        if not taken & set(world.book.series[number].domains):
            taken |= set(world.book.series[number].domains)
            _raise(world, look, on, number, size, up)


def _likely(look: Look, rules: SeasonNumbers, seasonal: Collection[int]) -> Flags:
    """Tell for each series and window whether enough sites are up, before anything else is computed."""
    observed = look.windows.observed
    up = (observed >= rules.site_observed) & (observed >= rules.site_ratio * look.expected)
    share = np.full(observed.shape[1], rules.min_share_other)
    share[list(seasonal)] = rules.min_share_of_sites
    heard = (look.windows.weeks_before >= rules.site_observed + 2).sum(0)
    return np.asarray(up.sum(0) >= np.maximum(rules.min_sites, share[:, None] * heard[None, :]))


def _in_season(world: World, series: Series) -> bool:
    return any(set(series.domains) <= set(theme.domains) for theme in world.data.themes if theme.kind == "season")


def _pooled(look: Look, number: int, at: int, rules: SeasonNumbers, seasonal: bool) -> tuple[float, tuple[int, ...]]:
    """Return the pooled p-value of a series and the sites that are up; 1 where too few are, or one alone makes it."""
    windows = look.windows
    heard = (windows.weeks_before[:, at] >= rules.site_observed + 2) & (windows.weight_before[:, 0, at] > 0)
    share = rules.min_share_of_sites if seasonal else rules.min_share_other
    if heard.sum() < rules.min_sites:
        return 1.0, ()
    observed, before = windows.observed[:, number, at] * heard, windows.before[:, number, at] * heard
    expected = np.where(heard, look.expected[:, number, at], 0.0)
    expected = np.where(np.isfinite(expected), expected, 0.0)
    up = heard & (observed >= rules.site_observed) & (observed >= rules.site_ratio * expected)
    if up.sum() < max(rules.min_sites, share * heard.sum()):
        return 1.0, ()
    alone = _each(observed, expected, before)
    p = min(_pooled_p(observed, expected, before), _fisher(alone[heard]))
    if p > (rules.alpha if seasonal else rules.alpha_other):
        return 1.0, ()
    top_share = rules.top_share if seasonal else rules.top_share_other
    order = np.argsort(np.where(heard, alone, 2.0), kind="stable")
    rest = order[max(1, int(top_share * heard.sum())) : int(heard.sum())]
    if _fisher(alone[rest]) > rules.without_top_alpha:
        return 1.0, ()
    if _share_p(windows, number, at, heard) > rules.share_alpha:
        return 1.0, ()
    return p, tuple(int(site) for site in np.nonzero(up)[0])


def _each(observed: Floats, expected: Floats, before: Floats) -> Floats:
    """Return each site's mid-p, which leaves out half the chance of just what was seen, as whole counts ask for."""
    share = expected / (expected + np.maximum(before, 1.0))
    return np.asarray((as_many(observed, before, share) + as_many(observed + 1, before, share)) / 2)


def _fisher(p: Floats) -> float:
    """Combine p-values of separate sites (Fisher, Statistical Methods for Research Workers, 1932)."""
    return float(chdtrc(2 * len(p), -2 * np.log(np.maximum(p, 1e-300)).sum())) if len(p) else 1.0


def _pooled_p(observed: Floats, expected: Floats, before: Floats) -> float:
    weight = expected.sum()
    return float(as_many(observed.sum(), before.sum(), weight / (weight + max(before.sum(), 1.0))))


def _share_p(windows: Windows, number: int, at: int, heard: np.typing.NDArray[np.bool_]) -> float:
    inside = (windows.observed[heard, 0, at] - windows.observed[heard, number, at]).sum()
    outside = (windows.before[heard, 0, at] - windows.before[heard, number, at]).sum()
    own, own_before = windows.observed[heard, number, at].sum(), windows.before[heard, number, at].sum()
    return float(as_many(own, own_before, (inside + 1) / (inside + outside + 2)))


def joining(world: World, look: Look, signal: Signal, on: int) -> None:
    """Let sites join an open season that are up in it now.

    Args:
        world: The provider.
        look: The week's look.
        signal: The season.
        on: The day of review.
    """
    rules = world.rules(on).season
    number = world.book.number[signal.series]
    at = look.windows.sizes.index(max(size for size in rules.windows_weeks if size in look.windows.sizes[:3]))
    observed, expected = look.windows.observed[:, number, at], look.expected[:, number, at]
    for state in world.states.values():
        seen, usual = observed[state.number], expected[state.number]
        if state.card.site in signal.sites or not np.isfinite(usual) or look.windows.weight[state.number, at] <= 0:
            continue
        if seen >= rules.site_observed + 1 and seen >= rules.site_ratio * usual:
            signal.sites = tuple(sorted((*signal.sites, state.card.site)))
            signal.rates.update(_rates(look, number, at, [state]))


def _rates(look: Look, number: int, at: int, states: Iterable[SiteState]) -> dict[str, float]:
    rates = {}
    for state in states:
        weight = float(look.windows.weight[state.number, at])
        expected = float(look.expected[state.number, number, at])
        rates[state.card.site] = expected / weight if weight > 0 else 0.0
        rates[f"{state.card.site}|exposure"] = float(look.windows.by_exposure[state.number])
    return rates


def _raise(world: World, look: Look, on: int, number: int, size: int, up: tuple[int, ...]) -> None:
    first, last = span_of(look.now, size)
    at = look.windows.sizes.index(size)
    states = list(world.states.values())
    sites = tuple(states[site].card.site for site in up)
    before = float(look.windows.before[list(up), number, at].sum())
    basis = Basis(0.0, before, False, float(look.windows.weeks_before[list(up), at].min()))
    rates = _rates(look, number, at, [states[site] for site in up])
    series = world.book.series[number]
    world.raise_shared(series, first, last, on, basis, sites, rates)
