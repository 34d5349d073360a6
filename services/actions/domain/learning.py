"""The learning log: what staff said and what was done about it; alerts to sites, and what each said to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from shared.kernel.errors import Conflict, Fault
from shared.kernel.ids import derived_id

__all__ = ["ACTED_ON", "PUBLISHED", "RECEIVED", "WITHDRAWN", "Learning", "Receipt", "publish", "receive", "withdraw"]

PUBLISHED, WITHDRAWN = "published", "withdrawn"
RECEIVED, ACTED_ON = "received", "acted_on"


@dataclass(frozen=True, slots=True)
class Learning:
    """The whole state of one entry; `version` goes up by one with every change.

    Attributes:
        site_id: Where it was learned; None where it came from no single site.
        you_said: What staff told, redacted.
        we_did: What was done about it, redacted.
        verdict: The verdict on `action_id` when this was published; None where there was none.
        alert: Whether sites are asked to say that they received it.
        for_sites: The sites that are asked; none means all of the provider.
        by: Opaque id of who published it; never told to anybody.
    """

    learning_id: str
    provider_id: str
    site_id: str | None
    version: int
    status: str
    you_said: str
    we_did: str
    domains: tuple[str, ...]
    action_id: str | None
    signal_id: str | None
    verdict: str | None
    alert: bool
    for_sites: tuple[str, ...]
    published_at: datetime
    published_on: date
    published_by_role: str
    by: str

    def reaches(self, site_id: str) -> bool:
        """Tell whether a site is asked to say that it received this."""
        return self.alert and self.status == PUBLISHED and (not self.for_sites or site_id in self.for_sites)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one site said to an alert: received, then acted_on; `version` goes up by one with every change."""

    receipt_id: str
    provider_id: str
    site_id: str
    learning_id: str
    version: int
    status: str
    received_at: datetime
    received_by_role: str
    acted_at: datetime | None = None
    acted_by_role: str | None = None
    note: str | None = None


def publish(entry: Learning) -> Learning:
    """Give a new entry its id: the same words of the same day from the same site are the same entry.

    Args:
        entry: As it was asked for, its id blank.
    """
    words = f"{entry.site_id or '*'}|{entry.published_on}|{entry.you_said}|{entry.we_did}"
    key = derived_id(f"learning|{entry.provider_id}|{words}")
    return replace(entry, learning_id=key, version=1, status=PUBLISHED)


def withdraw(entry: Learning, version: int) -> Learning:
    """Take an entry out of the log; it stays readable as withdrawn.

    Args:
        entry: As it is stored.
        version: As it was seen.

    Raises:
        Conflict: it has moved on, or is withdrawn already.
    """
    if entry.version != version:
        fault = Fault(f"the current version is {entry.version}", "version")
        raise Conflict(
            f"learning {entry.learning_id} is at version {entry.version}, not {version}: read it again", (fault,)
        )
    if entry.status != PUBLISHED:
        raise Conflict(f"learning {entry.learning_id} is {entry.status} already")
    return replace(entry, version=version + 1, status=WITHDRAWN)


def receive(
    known: Receipt | None, entry: Learning, site_id: str, acted: bool, note: str | None, role: str, at: datetime
) -> Receipt:
    """Note that a site received an alert, or acted on it.

    Args:
        known: What the site said before; None where it said nothing.
        entry: The alert.
        site_id: The site.
        acted: Whether it acted on it; this says received too.
        note: What was done, redacted; None where nothing is said.
        role: The role that says so.
        at: The present moment.

    Returns:
        The new state, or the known one where the same was said before.

    Raises:
        Conflict: the entry is no alert for the site.
    """
    if not entry.reaches(site_id):
        raise Conflict(f"learning {entry.learning_id} is no alert for site {site_id}")
    if known is None:
        key = derived_id(f"receipt|{entry.provider_id}|{entry.learning_id}|{site_id}")
        known = Receipt(key, entry.provider_id, site_id, entry.learning_id, 0, RECEIVED, at, role)
    if not acted:
        return known if known.version else replace(known, version=1)
    if known.status == ACTED_ON and known.note == note:
        return known
    return replace(
        known, version=known.version + 1, status=ACTED_ON, acted_at=at, acted_by_role=role, note=note or known.note
    )
