"""The rule of silence: a site that stops reporting while its care goes on, quiet times of all sites allowed for."""

from __future__ import annotations

import numpy as np

from services.actions.domain.detection.chances import as_few
from services.actions.domain.detection.one_series import ALL
from services.actions.domain.detection.panel import Floats, Windows
from services.actions.domain.detection.signals import Figures
from services.actions.domain.detection.world import Basis, World, ids_of, span_of
from shared.taxonomy.detection_rules import SilenceNumbers

__all__ = ["review_silence"]


def review_silence(world: World, now: int, on: int) -> None:
    """Raise the sites from which too little is heard.

    Args:
        world: The provider.
        now: The week that ended.
        on: The day of review.
    """
    rules = world.rules(on)
    sizes = rules.silence.windows_weeks
    windows = world.panel.windows(now, sizes, rules.rising.baseline_weeks_max, slice(0, 1))
    expected, p = _silent(windows, rules.silence)
    for state in world.states.values():
        at = int(p[state.number].argmin())
        if p[state.number, at] > rules.silence.alpha or f"silence|{state.card.site}|all" in state.open:
            continue
        first, last = span_of(now, sizes[at])
        weight = float(windows.weight[state.number, at])
        by_exposure = bool(windows.by_exposure[state.number])
        if not by_exposure and _was_weighed(world, state.number, now):
            continue  # care may have stopped: what is not known is no reason to ask
        before = float(windows.before[state.number, 0, at])
        basis = Basis(
            before / float(windows.weight_before[state.number, 0, at]), before, by_exposure,
            float(windows.weeks_before[state.number, at]),
        )  # fmt: skip
        evidence = state.evidence(ALL, first, last)
        figures = Figures(
            first, last, float(expected[state.number, at]), weight if by_exposure else None, ids_of(evidence)
        )
        world.raise_signal("silence", state, ALL, figures, on, basis)


def _silent(windows: Windows, rules: SilenceNumbers) -> tuple[Floats, Floats]:
    """Return what was expected and how likely so few reports are [site, size]."""
    observed, before = windows.observed[:, 0, :], windows.before[:, 0, :]
    weight_before = windows.weight_before[:, 0, :]
    heard = (windows.weeks_before >= rules.baseline_weeks_min) & (weight_before > 0) & (windows.weight > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(heard, before / weight_before * windows.weight, 0.0)
    # The other sites' own quiet time, as at Christmas, is taken off; a busy time of theirs is not added.
    others, others_expected = observed.sum(0) - observed, expected.sum(0) - expected
    quiet = np.clip((others + 1.0) / (others_expected + 1.0), 0.0, 1.0)
    expected = expected * quiet
    few = observed <= rules.share_of_expected * expected
    share = np.where(heard & few, expected / (expected + np.maximum(before, 1e-9)), 0.0)
    p = np.where(heard & few, as_few(observed, before, share), 1.0)
    return expected, np.asarray(p)


def _was_weighed(world: World, site: int, now: int) -> bool:
    exposure, *_ = world.panel.spans(site, now, 52)
    return bool((~np.isnan(exposure)).sum() >= 2)
