"""What machines of the provider note that is a near miss: where somebody checked in, what the medicine record lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.intake.domain.submission import ExternalReference, Person, Submission
from services.intake.domain.times import Moment

FAR_M: Final = 200
"""Beyond this a check-in was not at the client's address: the limit at which call-monitoring systems raise it."""
CHECK_IN: Final = "check_in"
CHECK_OUT: Final = "check_out"
MEDICINE_RECORD: Final = "emar_discrepancy"
VISITS: Final = {CHECK_IN: "checked in", CHECK_OUT: "checked out"}
DISCREPANCIES: Final = {
    "not_recorded": "a dose was due and nothing was recorded",
    "late": "a dose was recorded late",
    "early": "a dose was recorded too early",
    "wrong_dose": "another dose was recorded than was prescribed",
    "twice": "a dose was recorded twice",
    "after_stop": "a dose was recorded after the medicine was stopped",
    "not_prescribed": "a medicine was recorded that is not on the chart",
    "count_differs": "the count of the stock differs from the record",
}
"""What a medicine record finds between chart, record and stock, in words that a report can carry."""
TELEMETRY: Final = "telemetry"
OPENLY: Final = "named"
"""A machine hides nobody: it is named by its system, and no share of nameless reports counts it."""


@dataclass(frozen=True, slots=True)
class MachineEvent:
    """One event as the source sends it.

    Attributes:
        kind: check_in, check_out or emar_discrepancy.
        at: When the machine noted it, an exact moment.
        distance_m: Metres from the client's address; of visits alone.
        discrepancy: One of DISCREPANCIES; of the medicine record alone.
        body: The canonical form of what was sent.
    """

    site_id: str
    kind: str
    at: Moment
    reference: ExternalReference
    body: bytes
    distance_m: int | None = None
    discrepancy: str | None = None
    person: Person | None = None
    asset_ref: str | None = None
    provider_id: str | None = None


def why_none(event: MachineEvent) -> str | None:
    """Say why an event is no near miss; None where it is one."""
    if event.distance_m is not None and event.distance_m <= FAR_M:
        return f"{event.distance_m} m from the address is within {FAR_M} m: nothing was taken down"
    return None


def submission_of(event: MachineEvent) -> Submission:
    """Return the report that an event becomes; its words are ours, and name nobody."""
    if event.kind == MEDICINE_RECORD:
        words = f"The electronic medicine record shows a discrepancy: {DISCREPANCIES[event.discrepancy or '']}."
    else:
        words = (
            f"A carer {VISITS[event.kind]} for a visit {event.distance_m} m from the client's address, as the system "
            "for visits noted; was the visit made?"
        )
    return Submission(
        site_id=event.site_id,
        text=words,
        body=event.body,
        occurred_at=event.at,
        reported_at=event.at,
        identity_mode=OPENLY,
        person=event.person,
        asset_ref=event.asset_ref,
        external_reference=event.reference,
        origin=TELEMETRY,
        provider_id=event.provider_id,
    )
