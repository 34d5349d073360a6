"""Providers and sites with their dated history, and what importing a row changes about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

SETTINGS = ("residential", "nursing", "supported_living", "domiciliary", "extra_care", "day_service")
VERSIONS_MAX = 100
"""Most dated versions of one site: its whole history goes into every event of it."""


@dataclass(frozen=True, slots=True)
class Provider:
    """An organisation that runs sites; synthetic marks invented ones."""

    provider_id: str
    name: str
    synthetic: bool = False
    revision: int = 0


@dataclass(frozen=True, slots=True)
class SiteVersion:
    """What was true of a site from a date on."""

    effective_from: date
    name: str
    setting: str
    region: str | None = None
    capacity: int | None = None
    capacity_unit: str | None = None
    councils: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """The whole state of a site; `history` is in order of `effective_from` and never empty.

    Revision 0 is a state that was read from a file and is not stored yet.
    """

    provider_id: str
    site_id: str
    opened_on: date
    history: tuple[SiteVersion, ...]
    cqc_location_id: str | None = None
    postcode: str | None = None
    closed_on: date | None = None
    revision: int = 0

    def at(self, day: date) -> SiteVersion:
        """Return the version in force on a day; the earliest one for days before all."""
        in_force = [version for version in self.history if version.effective_from <= day]
        return in_force[-1] if in_force else self.history[0]

    @property
    def is_crowded(self) -> bool:
        """Tell whether its history is longer than is taken."""
        return len(self.history) > VERSIONS_MAX

    def why_closed(self, day: date) -> str | None:
        """Say why nothing can have happened here on a day; None where the site was open."""
        if day < self.opened_on:
            return f"is before the site opened on {self.opened_on}"
        if self.closed_on is not None and day > self.closed_on:
            return f"is after the site closed on {self.closed_on}"
        return None


@dataclass(frozen=True, slots=True)
class SiteChange:
    """A new state of a site and the word for what happened: registered, changed or closed."""

    site: Site
    what: str


def merge_site(stored: Site | None, told: Site) -> SiteChange | None:
    """Take what a register says of a site into what is known of it.

    The history grows and is corrected version by version (same date: the file wins); what the file does not
    mention stays, so that a register of the present never wipes out the past.

    Args:
        stored: What is known; None for a new site.
        told: What the register says.

    Returns:
        The change, with the next revision; None where nothing differs.
    """
    if stored is None:
        return SiteChange(replace(told, revision=1), "registered")
    merged = replace(told, history=_history(stored.history, told), revision=stored.revision)
    if merged == stored:
        return None
    closes = told.closed_on is not None and told.closed_on != stored.closed_on
    return SiteChange(replace(merged, revision=stored.revision + 1), "closed" if closes else "changed")


def merge_provider(stored: Provider | None, told: Provider) -> Provider | None:
    """Return the provider's next state; None where nothing differs."""
    current = stored or Provider(told.provider_id, "")
    following = replace(told, revision=current.revision + 1)
    return None if replace(following, revision=current.revision) == stored else following


def _history(stored: Sequence[SiteVersion], told: Site) -> tuple[SiteVersion, ...]:
    versions = {version.effective_from: version for version in (*stored, *told.history)}
    return in_order(version for day, version in versions.items() if day >= told.opened_on)


def in_order(versions: Iterable[SiteVersion]) -> tuple[SiteVersion, ...]:
    """Return versions by the date from which they hold."""
    return tuple(sorted(versions, key=lambda version: version.effective_from))
