"""How facts, buckets, sites and states lie in MongoDB: one pair of functions for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.reporting.domain.buckets import Bucket, Cell, Counts
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import Fact, ModelPart, ReportPart
from services.reporting.domain.registry import Provider, Site, SiteVersion
from services.reporting.domain.states import State
from services.reporting.domain.stored import ExposureRecord, StoredBucket

Document = dict[str, Any]
FACTS = "facts"
BUCKETS = "site_domain_week"
PROVIDERS = "providers"
SITES = "sites"
EXPOSURE = "exposure"
SIGNALS = "signals"
ACTIONS = "actions"
VERSIONS = "versions"
META = "meta"
ROWS = "rows"
"""Id of the one document of `meta`: the version and moment that rows had reached at the last rebuild."""


def joined(*parts: object) -> str:
    """Return an id made of parts, the tenant first."""
    return "|".join(str(part) for part in parts)


def day_text(day: date | None) -> str | None:
    """Return a day as MongoDB keeps it: text that sorts by time (BSON knows moments only)."""
    return None if day is None else day.isoformat()


def fact_document(fact: Fact) -> Document:
    """Write a fact, with what it counts as spread out for indexes and lists."""
    document: Document = {
        "_id": joined(fact.provider_id, fact.site_id, fact.report_id),
        "provider": fact.provider_id,
        "site": fact.site_id,
        "report_id": fact.report_id,
        "report": None if fact.report is None else dict(vars(fact.report)),
        "labels": fact.labels,
        "model": None if fact.model is None else dict(vars(fact.model)),
    }
    shown = fact.shown()
    if shown is not None and fact.report is not None:
        document |= {
            "cell": Cell(fact.provider_id, fact.site_id, shown.week).key(),
            "tally": shown.tally(),
            "reported_at": fact.report.reported_at,
            "domains": list(shown.domains),
            "event_class": shown.event_class,
            "held": shown.held,
            "needs_review": shown.needs_review,
        }
    return document


def fact_of(document: Mapping[str, Any]) -> Fact:
    """Read a fact."""
    report, model = document["report"], document["model"]
    return Fact(
        provider_id=document["provider"],
        site_id=document["site"],
        report_id=document["report_id"],
        report=None if report is None else ReportPart(**report),
        labels=document["labels"],
        model=None if model is None else ModelPart(**model),
    )


def bucket_document(row: StoredBucket) -> Document:
    """Write the fields of a row; whatever else the document holds stays."""
    bucket = row.bucket
    return {
        "provider": bucket.cell.provider_id,
        "site": bucket.cell.site_id,
        "week": bucket.cell.week.isoformat(),
        "domain": bucket.domain,
        "cell": bucket.cell.key(),
        "counts": dict(vars(bucket.counts)),
        "held": dict(vars(bucket.held)),
        "exposure": bucket.exposure,
        "exposure_unit": bucket.exposure_unit,
        "version": row.version,
        "tick": row.tick,
    }


def bucket_of(document: Mapping[str, Any]) -> Bucket:
    """Read a row's counts."""
    return Bucket(
        cell=Cell(document["provider"], document["site"], date.fromisoformat(document["week"])),
        domain=document["domain"],
        counts=Counts(**document["counts"]),
        held=Counts(**document["held"]),
        exposure=document["exposure"],
        exposure_unit=document["exposure_unit"],
    )


def provider_document(provider: Provider) -> Document:
    """Write a provider."""
    return {"_id": provider.provider_id} | vars(provider)


def provider_of(document: Mapping[str, Any]) -> Provider:
    """Read a provider."""
    return Provider(**{name: document[name] for name in ("provider_id", "revision", "name", "synthetic")})


def site_document(site: Site) -> Document:
    """Write a site."""
    return {
        "provider": site.provider_id,
        "site": site.site_id,
        "revision": site.revision,
        "opened_on": day_text(site.opened_on),
        "closed_on": day_text(site.closed_on),
        "history": [vars(v) | {"effective_from": v.effective_from.isoformat()} for v in site.history],
    }


def site_of(document: Mapping[str, Any]) -> Site:
    """Read a site."""
    closed_on = document["closed_on"]
    return Site(
        provider_id=document["provider"],
        site_id=document["site"],
        revision=document["revision"],
        opened_on=date.fromisoformat(document["opened_on"]),
        closed_on=None if closed_on is None else date.fromisoformat(closed_on),
        history=tuple(
            SiteVersion(**version | {"effective_from": date.fromisoformat(version["effective_from"])})
            for version in document["history"]
        ),
    )


def exposure_document(record: ExposureRecord) -> Document:
    """Write an exposure record."""
    period, cell = record.period, record.cell()
    return {
        "_id": joined(record.provider_id, record.site_id, period.unit, period.start),
        "provider": record.provider_id,
        "site": record.site_id,
        "unit": period.unit,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "value": period.value,
        "basis": record.basis,
        "revision": record.revision,
        "cell": None if cell is None else cell.key(),
    }


def exposure_of(document: Mapping[str, Any]) -> ExposureRecord:
    """Read an exposure record."""
    period = Period(
        document["unit"],
        date.fromisoformat(document["start"]),
        date.fromisoformat(document["end"]),
        document["value"],
    )
    return ExposureRecord(document["provider"], document["site"], period, document["basis"], document["revision"])


def state_document(state: State) -> Document:
    """Write a signal or action."""
    return {
        "_id": joined(state.provider_id, state.state_id),
        "provider": state.provider_id,
        "site": state.site_id,
        "state_id": state.state_id,
        "version": state.version,
        "status": state.status,
        "open": state.open,
        "visibility": state.visibility,
        "body": dict(state.body),
    }


def state_of(document: Mapping[str, Any]) -> State:
    """Read a signal or action."""
    return State(
        provider_id=document["provider"],
        site_id=document["site"],
        state_id=document["state_id"],
        version=document["version"],
        status=document["status"],
        visibility=document["visibility"],
        body=document["body"],
    )
