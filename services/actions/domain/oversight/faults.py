"""An asset that is out of use because of a fault: who owns the fault, until when, and when it was back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from shared.kernel.clock import london_date
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.kernel.ids import derived_id

__all__ = [
    "IN_USE", "OUT", "STATUSES", "AssetFault", "back", "changed", "escalated", "is_late", "linked", "out_days",
    "promised", "taken_out",
]  # fmt: skip

OUT, IN_USE = "out_of_use", "in_use"
STATUSES = (OUT, IN_USE)
LINK_LIVES = timedelta(days=30)
PROMISE_DAYS_MAX = 730


@dataclass(frozen=True, slots=True)
class AssetFault:
    """The whole state; `version` goes up by one with every change.

    Attributes:
        asset: The register's reference, or the words that reports use.
        owner: provider, contractor or landlord.
        promised_on: The day that the owner promised.
        escalated_to: The role that was asked because it is late.
        link_hash: Hash of the secret by which the owner closes it without signing in; None where there is none.
        link_ends_at: When that link ends.
    """

    fault_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    asset: str
    out_since: datetime
    out_by_role: str
    reason: str | None
    owner: str
    promised_on: date | None = None
    escalated_to: str | None = None
    back_at: datetime | None = None
    back_by_role: str | None = None
    note: str | None = None
    report_ids: tuple[str, ...] = ()
    link_hash: str | None = None
    link_ends_at: datetime | None = None
    visibility: str = "site"


def taken_out(
    place: tuple[str, str],
    asset: str,
    ordinal: int,
    reason: str,
    owner: str,
    promised_on: date | None,
    report_ids: tuple[str, ...],
    role: str,
    at: datetime,
) -> AssetFault:
    """Take an asset out of use.

    Args:
        place: Provider and site.
        asset: Its reference.
        ordinal: 1 for the asset's first fault, and so on.
        reason: What is wrong, redacted, not blank.
        owner: Who is to mend it.
        promised_on: By when, where that is known.
        report_ids: The reports that told of it.
        role: The role of who takes it out.
        at: When.

    Raises:
        Invalid: the promised day has passed, or lies too far ahead.
    """
    _refuse_bad_day(promised_on, at)
    return AssetFault(
        fault_id=derived_id(f"fault|{place[0]}|{place[1]}|{asset}|{ordinal}"),
        provider_id=place[0],
        site_id=place[1],
        version=1,
        status=OUT,
        asset=asset,
        out_since=at,
        out_by_role=role,
        reason=reason,
        owner=owner,
        promised_on=promised_on,
        report_ids=report_ids,
    )


def changed(fault: AssetFault, version: int, owner: str, promised_on: date | None, at: datetime) -> AssetFault:
    """Name another owner or another promised day; a link of the one before ends.

    Raises:
        Conflict: it has moved on, or the asset is back in use.
        Invalid: the promised day has passed, or lies too far ahead.
    """
    _refuse_stale(fault, version)
    _refuse_bad_day(promised_on, at)
    kept = replace(fault, version=version + 1, owner=owner, promised_on=promised_on, escalated_to=None)
    return kept if owner == fault.owner else replace(kept, link_hash=None, link_ends_at=None)


def promised(fault: AssetFault, promised_on: date, at: datetime) -> AssetFault:
    """Note the day that the owner promises by the link.

    Raises:
        Conflict: the asset is back in use.
        Invalid: the day has passed, or lies too far ahead.
    """
    return changed(fault, fault.version, fault.owner, promised_on, at)


def back(fault: AssetFault, version: int, note: str | None, role: str, at: datetime) -> AssetFault:
    """Put an asset back in use; its link ends.

    Raises:
        Conflict: it has moved on, or the asset is back in use already.
    """
    _refuse_stale(fault, version)
    return replace(
        fault, version=version + 1, status=IN_USE, back_at=at, back_by_role=role, note=note, link_hash=None,
        link_ends_at=None,
    )  # fmt: skip


def linked(fault: AssetFault, link_hash: str | None, at: datetime) -> AssetFault:
    """Give the owner a link, in place of any before; None takes it back.

    Raises:
        Conflict: the asset is back in use.
    """
    _refuse_stale(fault, fault.version)
    ends_at = at + LINK_LIVES if link_hash else None
    return replace(fault, version=fault.version + 1, link_hash=link_hash, link_ends_at=ends_at)


def is_late(fault: AssetFault, today: date, days: int) -> bool:
    """Tell whether a fault is to be passed on: so many days past the promised day, or out of use without one.

    Args:
        fault: As it is stored.
        today: The day in England.
        days: Days of patience.
    """
    if fault.status != OUT or fault.escalated_to is not None:
        return False
    since = fault.promised_on or london_date(fault.out_since)
    return today > since + timedelta(days=days)


def escalated(fault: AssetFault, role: str) -> AssetFault:
    """Ask the next role about a fault that is late."""
    return replace(fault, version=fault.version + 1, escalated_to=role)


def out_days(fault: AssetFault, at: datetime) -> int:
    """Count the days out of use in England, the first and the last included."""
    return (london_date(fault.back_at or at) - london_date(fault.out_since)).days + 1


def _refuse_stale(fault: AssetFault, version: int) -> None:
    if fault.version != version or fault.status != OUT:
        said = Fault(f"the current version is {fault.version}, the asset is {fault.status}", "version")
        raise Conflict(f"the fault of {fault.asset} has moved on to version {fault.version}: read it again", (said,))


def _refuse_bad_day(promised_on: date | None, at: datetime) -> None:
    today = london_date(at)
    if promised_on is not None and not today <= promised_on <= today + timedelta(days=PROMISE_DAYS_MAX):
        detail = f"must be {today} or later, and within {PROMISE_DAYS_MAX} days"
        raise Invalid("this day cannot be promised", (Fault(detail, "promised_on"),))
