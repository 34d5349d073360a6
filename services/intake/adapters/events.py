"""From intake's states to events on the wire; the event ids are derived here."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.intake.domain.exposures import Exposure
from services.intake.domain.report import Report
from services.intake.domain.sites import Provider, Site, SiteChange
from services.intake.ports import ReportChange
from shared.contracts import intake as wire
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id

_REPORT_FIELDS = tuple(wire.Report.model_fields)
_REPORT_EVENTS: dict[str, type[Event]] = {
    "received": wire.ReportReceived,
    "amended": wire.ReportAmended,
    "withdrawn": wire.ReportWithdrawn,
}


def report_event(change: ReportChange) -> Event:
    """Return the event of a report's change, with the whole redacted state."""
    report = change.stored.report
    kind = _REPORT_EVENTS[change.what]
    fields: dict[str, Any] = {
        "event_id": event_id(kind.__name__, report.report_id, report.revision),
        "provider_id": report.provider_id,
        "site_id": report.site_id,
        "recorded_at": change.recorded_at,
        "effective_at": change.effective_at,
        "replay": change.replay,
        "report": wire_report(report),
    }
    if change.stored.withdrawn is not None:
        fields["reason"] = change.stored.withdrawn.reason
    return kind(**fields)


def wire_report(report: Report) -> wire.Report:
    """Return the report as consumers see it."""
    fields: dict[str, Any] = {name: getattr(report, name, None) for name in _REPORT_FIELDS}
    for nested in ("disruption", "external_reference", "given_labels"):
        if fields[nested] is not None:
            fields[nested] = asdict(fields[nested])
    return wire.Report.model_validate(fields)


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
