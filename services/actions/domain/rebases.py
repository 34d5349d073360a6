"""A person's decision that limits begin anew on a day, because the service itself changed; never made by a rule."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.actions.domain.detection.one_series import Series
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault, Invalid
from shared.kernel.ids import derived_id

__all__ = ["DECIDED", "STATUSES", "Rebase", "decided"]

DECIDED = "decided"
STATUSES = (DECIDED,)
DAYS_BACK_MAX = 1100
MONDAY = 0


@dataclass(frozen=True, slots=True)
class Rebase:
    """The whole state.

    Attributes:
        begins_on: The Monday of the first week that belongs to the service as it is now.
        reason: What changed, redacted.
        signal_id: The question of the data that led to it, where one did.
    """

    rebase_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    series: Series
    begins_on: date
    reason: str
    by_role: str
    decided_at: datetime
    signal_id: str | None = None
    visibility: str = "site"


def decided(
    place: tuple[str, str],
    series: Series,
    begins_on: date,
    reason: str,
    signal_id: str | None,
    role: str,
    at: datetime,
    known_domains: Collection[str],
) -> Rebase:
    """Decide that limits begin anew; the same series and day again is the same decision.

    Args:
        place: Provider and site.
        series: What the chart is of: one domain, or no domain for all reports of the site.
        begins_on: A Monday that is over, for charts count whole weeks.
        reason: What changed in the service, redacted, not blank.
        signal_id: The question that led to it.
        role: The role of who decides.
        at: When.
        known_domains: The words that a series may name.

    Raises:
        Invalid: the day is no Monday, or lies ahead or too far back; the series is of no chart; the reason is blank.
    """
    today = london_date(at)
    faults = []
    if begins_on.weekday() != MONDAY:
        monday = begins_on - timedelta(days=begins_on.weekday())
        faults.append(Fault(f"must be a Monday, such as {monday}: charts count whole weeks", "begins_on"))
    elif not today - timedelta(days=DAYS_BACK_MAX) <= begins_on <= today:
        faults.append(Fault(f"must lie between {today - timedelta(days=DAYS_BACK_MAX)} and {today}", "begins_on"))
    if series.factors or series.asset or series.person or len(series.domains) > 1:
        faults.append(Fault("name one domain, or none for all reports of the site", "domain"))
    elif not set(series.domains) <= set(known_domains):
        faults.append(Fault(f"{series.domains[0]} is no domain", "domain"))
    if not reason:
        faults.append(Fault("say what changed in the service", "reason"))
    if faults:
        raise Invalid("limits cannot begin anew so", tuple(faults))
    subject = "+".join(series.domains) or "*"
    return Rebase(
        rebase_id=derived_id(f"rebase|{place[0]}|{place[1]}|{subject}|{begins_on}"),
        provider_id=place[0],
        site_id=place[1],
        version=1,
        status=DECIDED,
        series=series,
        begins_on=begins_on,
        reason=reason,
        by_role=role,
        decided_at=at,
        signal_id=signal_id,
    )
