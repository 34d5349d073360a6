"""When reports arrive and what they are: shifts, bursts, late batches, things sent twice, rows that are broken.

Pure: the same seed gives the same plan. The shape of the day is assumed from how care homes work (three
handovers, quiet nights); it is nobody's measured data.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["single", "duplicate", "broken", "late_batch"]

SHIFT_BY_HOUR = (
    *(0.25, 0.25, 0.25, 0.25, 0.3, 0.4),  # night
    *(0.7, 2.6, 1.6, 1.2, 1.2, 1.1),  # handover at seven, morning
    *(1.2, 1.1, 2.4, 1.3, 1.0, 1.0),  # handover at two, afternoon
    *(1.1, 1.0, 1.9, 1.6, 0.6, 0.4),  # handover at eight, evening
)
"""How busy each hour is against the mean of the day."""
DUPLICATES = 0.05
"""Of all sendings: the same report once more, under the same key, as a phone without signal does."""
BROKEN = 0.02
LATE_BATCHES = 0.002
LATE_LINES = (20, 120)
"""A site that was offline hands in what it wrote down meanwhile."""
BURSTS = 0.004
BURST_REPORTS = (4, 15)
BURST_WITHIN_S = 20.0
"""Something happens at one home and several people write about it."""
REPEAT_AFTER_S = 3.0
BANDS = ("now", "this_shift", "at_handover", "earlier")
ROLES = ("care_worker", "senior_care_worker", "nurse", "domestic", "maintenance")


@dataclass(frozen=True)
class Arrival:
    """One request.

    Attributes:
        at_s: When it is due, in seconds from the start.
        kind: What it is.
        key: Its Idempotency-Key.
        body: What is sent: one report as JSON, or the lines of a batch.
        reports: New reports that it brings; 0 for a duplicate or a broken one.
    """

    at_s: float
    kind: Kind
    key: str
    body: str
    reports: int


def busy(at_s: float, day_s: float) -> float:
    """Return how busy a moment is against the day's mean.

    Args:
        at_s: Seconds from the start, which is midnight.
        day_s: How long a day lasts here; shorter than 86,400 lets a short run see handovers.
    """
    hour = int(at_s % day_s / day_s * 24)
    return SHIFT_BY_HOUR[hour] * 24 / sum(SHIFT_BY_HOUR)


def plan(
    rate_per_s: float, duration_s: float, day_s: float, provider: str, sites: Sequence[str], texts: Sequence[str],
    seed: int,
) -> list[Arrival]:  # fmt: skip
    """Plan a load.

    Args:
        rate_per_s: New reports a second, as the mean over a whole day; bursts and batches are part of it.
        duration_s: How long.
        day_s: How long a day lasts here.
        provider: The tenant.
        sites: Where reports come from; some homes report more than others.
        texts: Narratives to draw from.
        seed: Chooses everything.

    Returns:
        All requests in order of time.
    """
    chance = random.Random(seed)
    writer = _Writer(chance, provider, sites, texts)
    mean = 1 + BURSTS * sum(BURST_REPORTS) / 2 + LATE_BATCHES * (sum(LATE_LINES) / 2 - 1)
    peak = max(SHIFT_BY_HOUR) * 24 / sum(SHIFT_BY_HOUR)
    at_s, found = 0.0, []
    while (at_s := at_s + chance.expovariate(rate_per_s / mean * peak)) < duration_s:
        if chance.random() < busy(at_s, day_s) / peak:  # thinning: an even stream becomes the day's shape
            found += _occasion(at_s, chance, writer)
    return sorted((one for one in found if one.at_s < duration_s), key=lambda one: one.at_s)


def _occasion(at_s: float, chance: random.Random, writer: _Writer) -> list[Arrival]:
    """Return what one occasion brings: mostly one report."""
    found = []
    if chance.random() < LATE_BATCHES:
        return [writer.batch(at_s, chance.randint(*LATE_LINES))]
    found.append(writer.single(at_s))
    if chance.random() < BURSTS:
        site = writer.site()
        found += [
            writer.single(at_s + chance.uniform(0, BURST_WITHIN_S), site) for _ in range(chance.randint(*BURST_REPORTS))
        ]
    for one in list(found):
        if chance.random() < DUPLICATES:
            again_s = one.at_s + chance.expovariate(1 / REPEAT_AFTER_S)
            found.append(Arrival(again_s, "duplicate", one.key, one.body, 0))
    if chance.random() < BROKEN:
        found.append(writer.broken(at_s))
    return found


class _Writer:
    """Writes bodies; numbers them, so that no two are the same by accident."""

    def __init__(self, chance: random.Random, provider: str, sites: Sequence[str], texts: Sequence[str]) -> None:
        self._chance = chance
        self._provider = provider
        self._sites = sites
        self._weights = [1 / (place + 2) for place in range(len(sites))]
        self._texts = texts
        self._run = f"{chance.getrandbits(48):012x}"
        self._number = 0

    def site(self) -> str:
        """Draw a site; the first of the list report most."""
        return self._chance.choices(self._sites, self._weights)[0]

    def single(self, at_s: float, site: str | None = None) -> Arrival:
        """Write one report."""
        return Arrival(at_s, "single", self._key(), json.dumps(self._report(site or self.site())), 1)

    def batch(self, at_s: float, lines: int) -> Arrival:
        """Write what a site collected while it was offline."""
        site = self.site()
        body = "\n".join(json.dumps(self._report(site)) for _ in range(lines))
        return Arrival(at_s, "late_batch", self._key(), body, lines)

    def broken(self, at_s: float) -> Arrival:
        """Write something that must be refused: no text, no such site, or no JSON at all."""
        body = self._chance.choice(
            [
                json.dumps(self._report(self.site()) | {"text": "   "}),
                json.dumps(self._report("no-such-site")),
                json.dumps(self._report(self.site()))[:-9],
            ]
        )
        return Arrival(at_s, "broken", self._key(), body, 0)

    def _key(self) -> str:
        self._number += 1
        return f"load-{self._run}-{self._number}"

    def _report(self, site: str) -> dict[str, object]:
        chance = self._chance
        return {
            "provider_id": self._provider,
            "site_id": site,
            "text": chance.choice(self._texts),
            "occurred_band": chance.choice(BANDS),
            "worry": chance.randint(1, 4),
            "reporter_role": chance.choice(ROLES),
        }
