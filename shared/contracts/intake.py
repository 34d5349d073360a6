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
    `received_at` when it reached us. Worry: 1 not, 2 a little, 3 quite, 4 very.
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
