"""Providers and sites as far as the views need them; the registry itself is intake's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Provider:
    """A provider; `synthetic` says that all its data are invented."""

    provider_id: str
    revision: int
    name: str
    synthetic: bool


@dataclass(frozen=True)
class SiteVersion:
    """What was true of a site from a day on."""

    effective_from: date
    name: str
    setting: str
    region: str | None
    capacity: int | None = None
    councils: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Site:
    """A site with its dated history, in order of `effective_from` and never empty."""

    provider_id: str
    site_id: str
    revision: int
    opened_on: date
    closed_on: date | None
    history: tuple[SiteVersion, ...]

    def at(self, day: date) -> SiteVersion:
        """Return the version in force on a day; the earliest one for days before all."""
        in_force = [version for version in self.history if version.effective_from <= day]
        return in_force[-1] if in_force else self.history[0]

    def settings(self) -> tuple[tuple[date, str], ...]:
        """Return which kind of service it was from which day on: what the unit of exposure hangs on."""
        return tuple((version.effective_from, version.setting) for version in self.history)
