"""Events of intake: the registry, reports, exposure."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, JsonValue

from shared.contracts.envelope import Event, Id, Redacted, Short, Wire, Word

Label = Annotated[str, Field(min_length=1, max_length=200)]


class SiteVersion(Wire):
    """What was true of a site from a date on."""

    effective_from: date
    name: Label
    setting: Word
    region: str | None = None
    capacity: int | None = Field(default=None, ge=0)
    capacity_unit: Word | None = None
    councils: tuple[Label, ...] = ()
    contracts: tuple[Label, ...] = ()


class Site(Wire):
    """The whole state of a site; `history` is in order of `effective_from` and never empty."""

    site_id: Id
    revision: int = Field(ge=1)
    cqc_location_id: str | None = None
    postcode: str | None = None
    opened_on: date
    closed_on: date | None = None
    history: tuple[SiteVersion, ...] = Field(min_length=1)

    def at(self, day: date) -> SiteVersion:
        """Return the version in force on a day; the earliest one for days before all."""
        in_force = [version for version in self.history if version.effective_from <= day]
        return in_force[-1] if in_force else self.history[0]


class ProviderRegistered(Event):
    """A provider is known, or its name changed; whole state."""

    subject_field = "provider_id"
    type: Literal["ProviderRegistered"] = "ProviderRegistered"
    revision: int = Field(ge=1)
    name: Label
    synthetic: bool = False


class SiteRegistered(Event):
    """A site is known for the first time; whole state."""

    subject_field = "site.site_id"
    type: Literal["SiteRegistered"] = "SiteRegistered"
    site: Site


class SiteChanged(Event):
    """Something about a site changed; whole state."""

    subject_field = "site.site_id"
    type: Literal["SiteChanged"] = "SiteChanged"
    site: Site


class SiteClosed(Event):
    """A site closed, or will on a known date; whole state."""

    subject_field = "site.site_id"
    type: Literal["SiteClosed"] = "SiteClosed"
    site: Site


class Inspection(Wire):
    """An examination that an asset is due, such as loler, service or pat; a date is left out where none is known."""

    kind: Word
    last_on: date | None = None
    due_on: date | None = None


class Asset(Wire):
    """The whole state of an asset of a site.

    `number` is what stands on its label and what `asset_ref` of a report names. `owner` is who answers for it
    (provider, council, nhs, landlord, supplier, person); `owner_name` the organisation, never a person.
    """

    asset_id: Id
    revision: int = Field(ge=1)
    number: Label
    kind: Word
    name: Label | None = None
    owner: Word
    owner_name: Label | None = None
    in_use_from: date | None = None
    retired_on: date | None = None
    inspections: tuple[Inspection, ...] = ()


class AssetRegistered(Event):
    """An asset is known for the first time; whole state."""

    subject_field = "asset.asset_id"
    type: Literal["AssetRegistered"] = "AssetRegistered"
    asset: Asset


class AssetChanged(Event):
    """Something about an asset changed, or it was retired; whole state."""

    subject_field = "asset.asset_id"
    type: Literal["AssetChanged"] = "AssetChanged"
    asset: Asset


class OnCallHours(Wire):
    """Hours of each of some days (mon to sun) in English local time; an end at or before the start is the next day."""

    days: tuple[Word, ...] = Field(min_length=1)
    starts: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    ends: str = Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")


class RoleHolder(Wire):
    """A person who holds a role: an opaque id, when they are away (both days included), and when they are on call.

    Without `on_call` the holder is there at all hours; `until` is the last day on which they hold it.
    """

    user_id: Id
    until: date | None = None
    away_from: date | None = None
    away_to: date | None = None
    on_call: tuple[OnCallHours, ...] = ()


class RoleHoldersChanged(Event):
    """Who holds a role at a site, or for the whole provider where no site is named; whole state.

    `role` is manager, deputy, nurse_in_charge, safeguarding_lead, group_lead or on_call. `work_address` is the
    e-mail address of the role, never of a person. Nobody holds the role where `holders` is empty.
    """

    subject_field = "role"
    type: Literal["RoleHoldersChanged"] = "RoleHoldersChanged"
    role: Word
    revision: int = Field(ge=1)
    work_address: str | None = Field(default=None, max_length=254)
    holders: tuple[RoleHolder, ...] = ()


class Disruption(Wire):
    """Care or its running was disturbed for a time."""

    kind: Word
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    people_affected: int | None = Field(default=None, ge=0)
    plan_used: bool | None = None
    plan_worked: bool | None = None


class ExternalReference(Wire):
    """Where the same report lies in another system."""

    system: Label
    id: Label
    link: str | None = Field(default=None, max_length=500)


class GivenLabels(Wire):
    """Coding that a person gave in the system that the report was imported from."""

    labels: dict[str, JsonValue]
    coder_role: Word | None = None
    source_system: Label | None = None


class Report(Wire):
    """The whole redacted state of a report.

    `occurred_at` is as exact as `occurred_precision` says (minute, day, band); `occurred_band` is the
    reporter's own word (now, this_shift, at_handover, earlier). `reported_at` is when staff told it,
    `received_at` when it reached us. Worry: 1 not, 2 a little, 3 quite, 4 very. `language` (BCP 47) is what the
    reporter said that they write in; null where nobody said.
    """

    report_id: Id
    revision: int = Field(ge=1)
    setting: Word
    occurred_at: AwareDatetime
    occurred_precision: Word
    occurred_band: Word | None = None
    reported_at: AwareDatetime
    received_at: AwareDatetime
    origin: Word
    text: Redacted
    place: Short | None = None
    what_stopped_it: Short | None = None
    worry: int | None = Field(default=None, ge=1, le=4)
    reporter_role: Word | None = None
    identity_mode: Word
    anonymity_reason: Word | None = None
    person_token: str | None = None
    reporter_token: str | None = None
    asset_ref: str | None = None
    disruption: Disruption | None = None
    external_reference: ExternalReference | None = None
    outside_first: bool = False
    visibility: Word = "site"
    given_labels: GivenLabels | None = None
    supersedes: Id | None = None
    language: Word | None = None
    redaction_version: str


class ReportReceived(Event):
    """A report was accepted."""

    subject_field = "report.report_id"
    type: Literal["ReportReceived"] = "ReportReceived"
    report: Report


class ReportAmended(Event):
    """The report's content changed; the whole new state."""

    subject_field = "report.report_id"
    type: Literal["ReportAmended"] = "ReportAmended"
    report: Report


class ReportWithdrawn(Event):
    """The report leaves all counts; the state stays as it was."""

    subject_field = "report.report_id"
    type: Literal["ReportWithdrawn"] = "ReportWithdrawn"
    report: Report
    reason: Word


class ReportRedactionCorrected(Event):
    """Personal data that redaction had missed was hidden; the whole new state. What happened did not change."""

    subject_field = "report.report_id"
    type: Literal["ReportRedactionCorrected"] = "ReportRedactionCorrected"
    report: Report


class ReportErased(Event):
    """The report was erased: its words are gone from the vault, and from every reader that takes this in.

    It replaces the report's state on the compacted topic; `revision` is above that of any state before it.
    """

    subject_field = "report_id"
    type: Literal["ReportErased"] = "ReportErased"
    report_id: Id
    revision: int = Field(ge=1)
    erased_at: AwareDatetime
    visibility: Word = "site"


class Exposure(Wire):
    """How much could have gone wrong: care delivered at a site in a period (both days included)."""

    period_start: date
    period_end: date
    unit: Word
    value: float = Field(ge=0)
    basis: Word
    revision: int = Field(ge=1)


class ExposureRecorded(Event):
    """Exposure of a site, period and unit, first told or corrected; the higher revision holds."""

    subject_field = "site_id"
    type: Literal["ExposureRecorded"] = "ExposureRecorded"
    exposure: Exposure
