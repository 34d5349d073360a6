"""One look at every series of every site at the end of a week: what was expected, and how unlikely what was seen is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.actions.domain.detection.chances import as_many
from services.actions.domain.detection.panel import Flags, Floats, Panel, Windows
from services.actions.domain.detection.series import SeriesBook
from shared.taxonomy.detection_rules import RisingNumbers

__all__ = ["Look", "take_look"]

BLEND_EVENTS = 20.0
"""A setting's own mix counts against that of all sites as its events do against so many."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a week's end shows.

    Attributes:
        now: The week that ended.
        windows: Counts and weights.
        prior: Pseudo-events that the peers' mix adds to the baseline [site, series, size].
        prior_weight: The weight that they stand for [site, series, size].
        expected: Events expected in the window [site, series, size].
        p: One-sided p-values, 1 where the window is not looked at [site, series, size].
        ease: By how much each site's levels are multiplied, for the number of series that can speak there [site].
        candidates: Where the p-value is at or below the series' own level [site, series].
    """

    now: int
    windows: Windows
    prior: Floats
    prior_weight: Floats
    expected: Floats
    p: Floats
    ease: Floats
    candidates: Flags


def take_look(
    panel: Panel, book: SeriesBook, now: int, rules: RisingNumbers, peers: Sequence[int], alphas: Floats
) -> Look:
    """Look at the weeks that end now.

    Args:
        panel: The counts.
        book: The series.
        now: The week that ended.
        rules: The numbers.
        peers: For each site, the number of its setting.
        alphas: For each series, the level.

    Returns:
        The look.
    """
    windows = panel.windows(now, rules.windows_weeks, rules.baseline_weeks_max)
    prior, prior_weight = _prior(windows, np.asarray(peers), rules.peers_weeks)
    before, weight = windows.before + prior, windows.weight[:, None, :]
    weight_before = windows.weight_before + prior_weight
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.where(weight_before > 0, before / weight_before * weight, np.inf)
        share = np.where(weight_before > 0, weight / (weight + weight_before), 1.0)
    enough = (
        (windows.observed >= rules.min_observed)
        & (windows.observed >= rules.min_ratio * expected)
        & (windows.weeks_before >= rules.baseline_weeks_min)[:, None, :]
        & (windows.weight_before > 0)
        & (weight > 0)
    )
    p = np.ones_like(expected)
    where = np.nonzero(enough)
    p[where] = as_many(windows.observed[where], before[where], share[where])
    ease = _ease(expected, windows, rules)
    candidates = p.min(-1) <= alphas[None, :] * ease[:, None]
    assert len(book.series) == len(alphas)
    return Look(now, windows, prior, prior_weight, expected, p, ease, candidates)


def _ease(expected: Floats, windows: Windows, rules: RisingNumbers) -> Floats:
    """Return by how much the levels of a site are eased or tightened for the number of its series that can speak.

    A series that expects one event or more in a middle window counts as one, a rarer one as its expectation: at a
    small site few series can give a false alarm, at a large one many can, and each site shall have about as many.
    """
    middle = len(windows.sizes) // 2
    usual = np.where(np.isfinite(expected[:, 1:, middle]), expected[:, 1:, middle], 0.0)
    speaking = np.minimum(usual, 1.0).sum(1)
    return np.asarray(np.clip(rules.speaking_series / np.maximum(speaking, 1e-9), rules.ease_min, rules.ease_max))


def _prior(windows: Windows, peers: np.typing.NDArray[np.int64], peers_weeks: float) -> tuple[Floats, Floats]:
    """Turn the mix of reports at sites of the same setting into some weeks of baseline at the site's own volume."""
    before = windows.before[:, :, 0]
    total = before[:, 0].sum()
    overall = before.sum(0) / total if total else np.zeros(before.shape[1])
    mix = np.empty_like(before)
    for setting in set(peers.tolist()):
        members = peers == setting
        events = before[members, 0].sum()
        mix[members] = (before[members].sum(0) + BLEND_EVENTS * overall) / (events + BLEND_EVENTS)
    with np.errstate(divide="ignore", invalid="ignore"):
        weekly = windows.weight_before / windows.weeks_before[:, None, :]
        weight = np.where(windows.weeks_before[:, None, :] > 0, peers_weeks * weekly, 0.0)
        all_rate = np.where(
            windows.weight_before[:, :1, :] > 0, windows.before[:, :1, :] / windows.weight_before[:, :1, :], 0.0
        )
    weight[:, 0, :] = 0.0  # all reports together have no mix
    return mix[:, :, None] * all_rate * weight, weight
