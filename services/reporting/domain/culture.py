"""Do people dare to report: figures per site that are never ranked, each with what it cannot say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from services.reporting.domain.voices import Voices
from services.reporting.domain.waits import Waits
from shared.statistics.rates import RateRatio, rate_ratio
from shared.taxonomy.event_class import ESCALATED, HAZARD, LOW_HARM, NEAR_MISS, NO_HARM

PER = 1_000
"""Rates are per so many units of exposure."""
SILENT_BELOW = 0.05
"""A site is asked about when its silence would be this improbable among its peers."""


@dataclass(frozen=True)
class Peers:
    """What comparable sites report together: reports and exposure in one unit."""

    reports: int
    exposure: float


@dataclass(frozen=True)
class Delivered:
    """Care delivered at a site in the period; the unit and value are None where a week is not covered."""

    value: float | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Culture:
    """Reporting culture at one site, or of all sites together.

    Attributes:
        site_id: The site; None for all together.
        reports: Reports in the period.
        near_miss_rate: Near misses per 1,000 units of exposure; None where exposure is not known.
        exposure_unit: That unit.
        near_miss_to_harm: (hazards, near misses, no harm) to (low harm, escalated) with its exact interval; None where
            there was no harm to divide by and nothing before it.
        diversity: Normalised Shannon entropy over the domains, 0 (one kind alone) to 1; None below two reports.
        breadth: Different reporters per member of staff on roll; None where either is not known.
        anonymous_share: Share of reports without a name, 0 to 1.
        fear_share: Share of reports that gave a reason of fear, 0 to 1.
        reasons: Coded reasons for staying anonymous.
        to_tell: From the event to its being told.
        to_triage: From being told to a person's first look.
        to_feedback: From being told to the first word back to the reporter.
        closed_with_feedback: Share of the closed reports whose reporter heard back; None where none is closed.
        roles: Roles heard from.
        shifts: Shifts heard from.
        expected: Reports that its exposure would give at its peers' rate; None where it cannot be said.
        silent: Whether nothing was told and that is improbable; a prompt to ask, never a finding.
    """

    site_id: str | None
    reports: int
    near_miss_rate: float | None
    exposure_unit: str | None
    near_miss_to_harm: RateRatio | None
    diversity: float | None
    breadth: float | None
    anonymous_share: float | None
    fear_share: float | None
    reasons: Mapping[str, int]
    to_tell: Waits
    to_triage: Waits
    to_feedback: Waits
    closed_with_feedback: float | None
    roles: tuple[str, ...]
    shifts: tuple[str, ...]
    expected: float | None = None
    silent: bool = False


def culture_of(
    voices: Voices,
    domains: Mapping[str, int],
    delivered: Delivered,
    staff_on_roll: float | None,
    peers: Peers | None,
    possible_domains: int,
    site_id: str | None = None,
) -> Culture:
    """Compute the figures of a site.

    Sources: Hutchinson et al., Quality and Safety in Health Care 18 (2009), for rates and diversity as signs of
    culture; LFPSE for the reasons.

    Args:
        voices: What its reports say about reporting.
        domains: How many reports each domain has.
        delivered: Care delivered in the period.
        staff_on_roll: Staff employed; None where it was not told.
        peers: Other sites of the same kind with exposure in the same unit; None where there are none.
        possible_domains: How many domains the taxonomy has.
        site_id: None for all sites together.
    """
    expected = _expected(delivered, peers)
    return Culture(
        site_id=site_id,
        reports=voices.reports,
        near_miss_rate=voices.number_of(NEAR_MISS) / delivered.value * PER if delivered.value else None,
        exposure_unit=delivered.unit,
        near_miss_to_harm=to_harm(voices),
        diversity=diversity(domains, possible_domains),
        breadth=voices.reporters / staff_on_roll if staff_on_roll and voices.with_token else None,
        anonymous_share=_share(voices.anonymous, voices.reports),
        fear_share=_share(voices.fearful, voices.reports),
        reasons=voices.reasons,
        to_tell=voices.to_tell,
        to_triage=voices.to_triage,
        to_feedback=voices.to_feedback,
        closed_with_feedback=_share(voices.closed_with_feedback, voices.closed),
        roles=voices.roles,
        shifts=voices.shifts,
        expected=expected,
        silent=is_silent(voices.reports, expected),
    )


def to_harm(voices: Voices) -> RateRatio | None:
    """Return how many reports without harm stand against one with harm, with the exact conditional interval."""
    before, harm = voices.number_of(HAZARD, NEAR_MISS, NO_HARM), voices.number_of(LOW_HARM, ESCALATED)
    return _against(before, harm)


@lru_cache(maxsize=20_000)
def _against(before: int, harm: int) -> RateRatio | None:
    return rate_ratio(before, 1.0, harm, 1.0) if before + harm else None


def diversity(domains: Mapping[str, int], possible: int) -> float | None:
    """Return the normalised Shannon entropy over domains, 0 to 1; None where fewer than two labels were counted.

    It is normalised by the most that so many labels could show: a site with three labels cannot fill 22 domains.
    Source: Shannon, Bell System Technical Journal 27 (1948).

    Args:
        domains: How many reports each domain has.
        possible: How many domains there are, 2 or more.
    """
    numbers = [number for number in domains.values() if number > 0]
    total = sum(numbers)
    if total < 2:
        return None
    entropy = -math.fsum(n / total * math.log(n / total) for n in numbers)
    return max(0.0, entropy) / math.log(min(total, possible))


def is_silent(reports: int, expected: float | None) -> bool:
    """Tell whether silence is improbable: P(0) = exp(-expected) below 5 % by Poisson."""
    return reports == 0 and expected is not None and math.exp(-expected) < SILENT_BELOW


def _expected(delivered: Delivered, peers: Peers | None) -> float | None:
    if peers is None or not peers.exposure or not delivered.value:
        return None
    return peers.reports / peers.exposure * delivered.value


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
