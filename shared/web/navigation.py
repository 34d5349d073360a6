"""The one navigation: at most seven entries, chosen by the reader's roles, the same on every service's pages."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from shared.kernel.principal import Role


@dataclass(frozen=True)
class Link:
    """One entry of the navigation."""

    title: str
    href: str


ENTRIES_MAX: Final = 7
TRIAGE: Final = "/in/triage"
SIGNALS: Final = "/act/signals"
BOARD: Final = "/act/board"
CLOCKS: Final = "/act/escalations"


ENTRIES: Final = (
    (Role.GOVERNANCE, ("start", "heat", "signals", "board", "clocks", "reports", "more")),
    (Role.SAFEGUARDING, ("start", "clocks", "triage", "signals", "board", "reports", "more")),
    (Role.MANAGER, ("start", "triage", "signals", "board", "heat", "reports", "more")),
    (Role.OPERATOR, ("start", "status", "heat", "reports", "dictionary", "more")),
    (Role.INSPECTOR, ("start", "heat", "learning", "packs", "reports", "more")),
    (Role.ANALYST, ("start", "heat", "reports", "dictionary", "more")),
    (Role.COMMISSIONER, ("packs",)),
)
"""Entries by role, the widest one first."""


def provider_home(provider_id: str) -> str:
    """Return the address of a provider's first page."""
    return f"/providers/{quote(provider_id, safe='')}"


def navigation(roles: Set[Role], provider_id: str, sites: Set[str] | None = None) -> list[Link]:
    """Return the entries for a reader.

    Args:
        roles: What the reader does; of several the widest one chooses.
        provider_id: The provider that the reader looks at.
        sites: The sites in reach; None for all. Whoever has one alone begins at that site's page.

    Returns:
        At most seven entries, in the same order for the same reader on every page; none leads where the reader may
        not go.
    """
    home = provider_home(provider_id)
    start = f"{home}/sites/{quote(next(iter(sites)), safe='')}" if sites is not None and len(sites) == 1 else home
    links = {
        "start": Link("My site" if start != home else "My sites" if sites is not None else "Overview", start),
        "triage": Link("To review", TRIAGE),
        "signals": Link("Questions", SIGNALS),
        "board": Link("Actions", BOARD),
        "clocks": Link("Clocks", CLOCKS),
        "heat": Link("Risks", f"{home}/risks"),
        "reports": Link("Reports", f"{home}/reports"),
        "learning": Link("What we changed", f"{home}/learning"),
        "packs": Link("Evidence packs", f"{home}/packs"),
        "dictionary": Link("Data dictionary", f"{home}/dictionary"),
        "status": Link("Pipeline", f"{home}/status"),
        "more": Link("More", f"{home}/more"),
    }
    return [links[name] for name in _chosen(roles)]


def acting(roles: Set[Role]) -> bool:
    """Tell whether pages of actions are open to a reader; whoever has none of these roles is not led there."""
    return bool(roles & {Role.GOVERNANCE, Role.SAFEGUARDING, Role.MANAGER, Role.ANALYST})


def reviewing(roles: Set[Role]) -> bool:
    """Tell whether a reader reviews reports at intake."""
    return bool(roles & {Role.GOVERNANCE, Role.SAFEGUARDING, Role.MANAGER})


def counting(roles: Set[Role]) -> bool:
    """Tell whether a reader enters the care delivered at intake."""
    return bool(roles & {Role.GOVERNANCE, Role.MANAGER})


def _chosen(roles: Set[Role]) -> tuple[str, ...]:
    return next((entries for role, entries in ENTRIES if role in roles), ())
