"""Counts of a site, domain and week, always computed from the facts and never by differences."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from services.reporting.domain.facts import ALL, NONE
from shared.taxonomy.event_class import DISRUPTION, ESCALATED, LOW_HARM, NEAR_MISS, NO_HARM, UNKNOWN

COLUMN_OF_CLASS = {
    NEAR_MISS: "near_misses",
    DISRUPTION: "disruptions",
    ESCALATED: "escalated",
    NO_HARM: "reached_someone",
    LOW_HARM: "reached_someone",
    UNKNOWN: "class_unknown",
}
"""Classes that have a column; the others (hazards, good catches, what was no event, words of a later
taxonomy) are counted in `reports` alone."""


class Cell(NamedTuple):
    """A site and a week: what is recomputed as a whole."""

    provider_id: str
    site_id: str
    week: date

    def key(self) -> str:
        """Return the cell as one text, as the facts carry it."""
        return f"{self.provider_id}|{self.site_id}|{self.week.isoformat()}"

    @classmethod
    def of_key(cls, key: str) -> Cell:
        """Read a cell from its text."""
        provider_id, site_id, week = key.split("|")
        return cls(provider_id, site_id, date.fromisoformat(week))


@dataclass(frozen=True)
class Counts:
    """How many reports, and how many of them of which kind; the kinds exclude each other but for needs_review."""

    reports: int = 0
    near_misses: int = 0
    reached_someone: int = 0
    disruptions: int = 0
    escalated: int = 0
    class_unknown: int = 0
    needs_review: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.reports + other.reports,
            self.near_misses + other.near_misses,
            self.reached_someone + other.reached_someone,
            self.disruptions + other.disruptions,
            self.escalated + other.escalated,
            self.class_unknown + other.class_unknown,
            self.needs_review + other.needs_review,
        )

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*(a - b for a, b in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, ...]:
        """Return the numbers in the order of `COLUMNS`."""
        return tuple(vars(self).values())

    @property
    def others(self) -> int:
        """Return the reports that are no near misses."""
        return self.reports - self.near_misses


COLUMNS = tuple(vars(Counts()))
NOTHING = Counts()


@dataclass(frozen=True)
class Bucket:
    """Counts of one domain at one site in one week.

    Attributes:
        cell: Site and week.
        domain: A domain's word; (all) counts each report once, (none) those without a domain.
        counts: All reports.
        held: Those among them that are held from their site.
        exposure: Care delivered in the week; None where the week is not covered.
        exposure_unit: Its unit.
    """

    cell: Cell
    domain: str
    counts: Counts = field(default_factory=Counts)
    held: Counts = field(default_factory=Counts)
    exposure: float | None = None
    exposure_unit: str | None = None

    def row_id(self) -> str:
        """Return the row's id in the view and on the log."""
        provider_id, site_id, week = self.cell
        return f"{provider_id}|{site_id}|{self.domain}|{week.isoformat()}"

    def seen(self, held: bool) -> Counts:
        """Return the counts that a reader sees.

        Args:
            held: Whether the reader sees what is held from its site.
        """
        return self.counts if held else self.counts - self.held


@lru_cache(maxsize=10_000)
def counts_of(event_class: str, needs_review: bool, number: int) -> Counts:
    """Count reports of one class.

    Args:
        event_class: A word of the taxonomy; an unknown one is counted in `reports` alone.
        needs_review: Whether a person should look at them.
        number: How many there are.
    """
    named = {COLUMN_OF_CLASS[event_class]: number} if event_class in COLUMN_OF_CLASS else {}
    return Counts(reports=number, needs_review=number if needs_review else 0, **named)


def count_domains(tallies: Iterable[tuple[str, int]]) -> dict[str, tuple[Counts, Counts]]:
    """Turn the tallies of a cell into counts per domain.

    Args:
        tallies: Texts of `Shown.tally` and how many reports carry each.

    Returns:
        Domain to all reports and the held ones among them; always with (all).
    """
    total: dict[str, Counts] = {ALL: NOTHING}
    held_part: dict[str, Counts] = {}
    for text, number in tallies:
        domains, event_class, held, needs_review = _read_tally(text)
        counts = counts_of(event_class, needs_review, number)
        for domain in domains:
            total[domain] = _plus(total.get(domain), counts)
            if held:
                held_part[domain] = _plus(held_part.get(domain), counts)
    return {domain: (counts, held_part.get(domain, NOTHING)) for domain, counts in total.items()}


def _plus(known: Counts | None, more: Counts) -> Counts:
    return known + more if known else more


@lru_cache(maxsize=10_000)
def _read_tally(text: str) -> tuple[tuple[str, ...], str, bool, bool]:
    """Return the rows that a tally counts in, its class, and whether it is held and to be reviewed."""
    domains, event_class, held, needs_review = json.loads(text)
    return (ALL, *(domains or (NONE,))), event_class, held, needs_review


def recompute(
    cell: Cell,
    tallies: Iterable[tuple[str, int]],
    exposure: tuple[float, str] | None,
    stored: Mapping[str, Bucket],
) -> list[Bucket]:
    """Compute all buckets of a cell.

    Args:
        cell: Site and week.
        tallies: See `count_domains`.
        exposure: Care delivered in the week and its unit; None where it is not covered.
        stored: The cell's buckets so far, by domain; one that has no reports any more is kept with zeros.

    Returns:
        The buckets that differ from what is stored, (all) first, then by domain.
    """
    value, unit = exposure or (None, None)
    counted = count_domains(tallies)
    domains = sorted(set(counted) | set(stored), key=lambda name: (name != ALL, name))
    now = [Bucket(cell, name, *counted.get(name, (NOTHING, NOTHING)), value, unit) for name in domains]
    return [bucket for bucket in now if stored.get(bucket.domain) != bucket]
