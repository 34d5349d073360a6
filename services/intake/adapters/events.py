"""From intake's states to events on the wire; the event ids are derived here."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from operator import attrgetter
from typing import Any

from services.intake.domain import cases
from services.intake.domain.assets import Asset
from services.intake.domain.cases import Case, Step
from services.intake.domain.exposures import Exposure
from services.intake.domain.people import RoleState
from services.intake.domain.report import Report
from services.intake.domain.sites import Provider, Site, SiteChange
from services.intake.ports import ReportChange
from shared.contracts import dialogue
from shared.contracts import intake as wire
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id

_REPORT_FIELDS = tuple(name for name in wire.Report.model_fields if hasattr(Report, name))
_REPORT_VALUES = attrgetter(*_REPORT_FIELDS)
_REPORT_EVENTS: dict[str, type[Event]] = {
    "received": wire.ReportReceived,
    "amended": wire.ReportAmended,
    "withdrawn": wire.ReportWithdrawn,
    "redaction_corrected": wire.ReportRedactionCorrected,
}

_STEP_EVENTS: dict[str, type[dialogue.DialogueEvent]] = {
    cases.TRIAGED: dialogue.ReportTriaged,
    cases.ASKED: dialogue.QuestionAsked,
    cases.ANSWERED: dialogue.AnswerGiven,
    cases.FED_BACK: dialogue.FeedbackSent,
    cases.SEEN: dialogue.FeedbackSeen,
    cases.SUGGESTED: dialogue.DuplicateSuggested,
    cases.DECIDED: dialogue.DuplicateDecided,
    cases.RELEASED: dialogue.ReportReleased,
    cases.CLOSED: dialogue.ReportClosed,
}


def report_event(change: ReportChange) -> Event:
    """Return the event of a report's change, with the whole redacted state."""
    report = change.stored.report
    if change.what == "erased":
        return _erased_event(change)
    kind = _REPORT_EVENTS[change.what]
    fields: dict[str, Any] = {
        "event_id": event_id(kind.__name__, report.report_id, report.revision),
        "provider_id": report.provider_id,
        "site_id": report.site_id,
        "recorded_at": change.recorded_at,
        "effective_at": change.effective_at,
        "replay": change.replay,
        "report": _report_fields(report),
    }
    if change.what == "withdrawn" and change.stored.withdrawn is not None:
        fields["reason"] = change.stored.withdrawn.reason
    return kind.model_validate(fields)


def _erased_event(change: ReportChange) -> Event:
    report = change.stored.report
    return wire.ReportErased(
        event_id=event_id("ReportErased", report.report_id, report.revision),
        provider_id=report.provider_id,
        site_id=report.site_id,
        recorded_at=change.recorded_at,
        report_id=report.report_id,
        revision=report.revision,
        erased_at=change.recorded_at,
        visibility=report.visibility,
    )


def step_event(case: Case, step: Step, visibility: str, recorded_at: datetime | None = None) -> Event:
    """Return the event of a step in a report's dialogue; the words stay behind.

    Args:
        case: The dialogue.
        step: The step.
        visibility: site or held, as its report is.
        recorded_at: When it was written down, where that is not the moment of the step: in a replay of history.
    """
    replayed = {} if recorded_at is None else {"effective_at": step.at, "replay": True}
    kind = _STEP_EVENTS[step.kind]
    role = {"by_role": step.by_role} if "by_role" in kind.model_fields else {}
    return kind.model_validate(
        {
            "event_id": event_id(kind.__name__, case.report_id, step.no),
            "provider_id": case.provider_id,
            "site_id": case.site_id,
            "recorded_at": recorded_at or step.at,
            **replayed,
            "report_id": case.report_id,
            "step": step.no,
            "visibility": visibility,
            **role,
            **step.facts,
        }
    )


def flat(value: Any) -> dict[str, Any]:
    """Return the fields of a slotted value of plain fields, without the deep copies that `asdict` makes."""
    return {name: getattr(value, name) for name in value.__slots__}


def wire_report(report: Report) -> wire.Report:
    """Return the report as consumers see it."""
    return wire.Report.model_validate(_report_fields(report))


def _report_fields(report: Report) -> dict[str, Any]:
    fields: dict[str, Any] = dict(zip(_REPORT_FIELDS, _REPORT_VALUES(report), strict=True))
    for nested in ("disruption", "external_reference", "given_labels"):
        if fields[nested] is not None:
            fields[nested] = flat(fields[nested])
    return fields


def provider_event(provider: Provider, at: datetime) -> Event:
    """Return the event of a provider's new state."""
    return wire.ProviderRegistered(
        event_id=event_id("ProviderRegistered", provider.provider_id, provider.revision),
        provider_id=provider.provider_id,
        recorded_at=at,
        revision=provider.revision,
        name=provider.name,
        synthetic=provider.synthetic,
    )


def site_event(change: SiteChange, at: datetime) -> Event:
    """Return the event of a site's new state."""
    site = change.site
    kind = {
        "registered": wire.SiteRegistered,
        "changed": wire.SiteChanged,
        "closed": wire.SiteClosed,
    }[change.what]
    return kind(
        event_id=event_id(kind.__name__, f"{site.provider_id}:{site.site_id}", site.revision),
        provider_id=site.provider_id,
        site_id=site.site_id,
        recorded_at=at,
        site=wire_site(site),
    )


def wire_site(site: Site) -> wire.Site:
    """Return the site as consumers see it."""
    return wire.Site(
        site_id=site.site_id,
        revision=site.revision,
        cqc_location_id=site.cqc_location_id,
        postcode=site.postcode,
        opened_on=site.opened_on,
        closed_on=site.closed_on,
        history=tuple(wire.SiteVersion(**asdict(version)) for version in site.history),
    )


def asset_event(asset: Asset, at: datetime) -> Event:
    """Return the event of an asset's new state."""
    kind = wire.AssetRegistered if asset.revision == 1 else wire.AssetChanged
    return kind(
        event_id=event_id(kind.__name__, asset.key, asset.revision),
        provider_id=asset.provider_id,
        site_id=asset.site_id,
        recorded_at=at,
        asset=wire_asset(asset),
    )


def wire_asset(asset: Asset) -> wire.Asset:
    """Return the asset as consumers see it."""
    return wire.Asset.model_validate(asdict(asset))


def role_event(role: RoleState, at: datetime) -> Event:
    """Return the event of who holds a role now."""
    state = asdict(role)
    return wire.RoleHoldersChanged(
        event_id=event_id("RoleHoldersChanged", role.key, role.revision), recorded_at=at, **state
    )


def exposure_event(exposure: Exposure, at: datetime) -> Event:
    """Return the event of a period's exposure."""
    return wire.ExposureRecorded(
        event_id=event_id("ExposureRecorded", exposure.key, exposure.revision),
        provider_id=exposure.provider_id,
        site_id=exposure.site_id,
        recorded_at=at,
        exposure=wire.Exposure(
            period_start=exposure.period_start,
            period_end=exposure.period_end,
            unit=exposure.unit,
            value=exposure.value,
            basis=exposure.basis,
            revision=exposure.revision,
        ),
    )
