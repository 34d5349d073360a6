"""How facts, buckets, sites and states lie in MongoDB: one pair of functions for each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from operator import itemgetter
from typing import Any, Final

from bson.timestamp import Timestamp

from services.reporting.domain.buckets import Bucket, Cell, Counts
from services.reporting.domain.continuity import disrupted
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import DecisionPart, DialoguePart, Fact, ModelPart, ReportPart
from services.reporting.domain.registry import Provider, Site, SiteVersion
from services.reporting.domain.states import COUNTED_ALONE, KINDS, State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.domain.voices import marks_of

Document = dict[str, Any]
FACTS = "facts"
BUCKETS = "site_domain_week"
PROVIDERS = "providers"
SITES = "sites"
EXPOSURE = "exposure"
VERSIONS = "versions"
META = "meta"
PANEL_HEADS, PANEL_PARTS = "panel_heads", "panel_parts"
"""Sums' columns as `kept_panels` keeps them; no views, though made of them: a rebuild need not give them again."""
ROW_HISTORY = "row_history"
"""Every version of every row as it was published; no view, since the log cannot tell when we counted what."""
CHANGED = "changed"
"""Says in a fact or a state when it was last stored: what readers find changes by."""
EXPOSED = "exposed"
"""Says in a row when its exposure last became what it is: far less often than its counts change."""
NOW: Final = Timestamp(0, 0)
"""Where a whole document says this, mongod puts its own time as it stores it: whatever the clock of the writer says."""
VIEWS = (FACTS, BUCKETS, PROVIDERS, SITES, EXPOSURE, *KINDS, *COUNTED_ALONE, VERSIONS)
"""What is made from the log alone and may be dropped at any time."""
_STATED = ("source", "report_revision", "decision_no", "model_version")
"""What an entry of a label says of who stated it."""
_statement = itemgetter(*_STATED)


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
        "labels": None if fact.labels is None else labels_document(fact.labels),
        "model": None if fact.model is None else dict(vars(fact.model)),
        "grave": fact.grave,
    }
    if fact.decision is not None:
        document["decision"] = dict(vars(fact.decision))
    if fact.erased is not None:
        document |= {"erased": fact.erased, "erased_held": fact.erased_held}
    if fact.dialogue is not None:
        said = fact.dialogue
        document["dialogue"] = vars(said) | {"asked": list(said.asked), "answered": list(said.answered)}
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
            "voice": marks_of(fact.report, fact.dialogue),
        }
        if (kind := disrupted(fact)) is not None:
            document["disruption"] = kind
        if shown.escalation is not None:
            document["escalation"] = dict(vars(shown.escalation))
    return document


def fact_of(document: Mapping[str, Any]) -> Fact:
    """Read a fact."""
    report, model, decision = document["report"], document["model"], document.get("decision")
    said = document.get("dialogue")
    return Fact(
        provider_id=document["provider"],
        site_id=document["site"],
        report_id=document["report_id"],
        report=None if report is None else ReportPart(**report),
        labels=None if document["labels"] is None else labels_of(document["labels"]),
        model=None if model is None else ModelPart(**model),
        decision=None if decision is None else DecisionPart(**decision),
        grave=document.get("grave", False),
        erased=document.get("erased"),
        erased_held=document.get("erased_held", False),
        dialogue=None
        if said is None
        else DialoguePart(**said | {"asked": tuple(said["asked"]), "answered": tuple(said["answered"])}),
    )


def labels_document(labels: Mapping[str, Any]) -> Document:
    """Write a report's labels: each field as its value and the place of who stated it, mostly the same for all.

    Args:
        labels: As `precedence.merge` gives them.
    """
    stated: dict[tuple[Any, ...], int] = {}
    fields = {
        name: [entry["value"], stated.setdefault(_statement(entry), len(stated))]
        for name, entry in labels["fields"].items()
    }
    kept = {name: labels[name] for name in ("latest_revision", "corrected")}
    return {"fields": fields, "stated": [list(said) for said in stated]} | kept


def labels_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Read a report's labels; from before they were packed they come as they are."""
    if "stated" not in document:
        return document
    stated = [dict(zip(_STATED, said, strict=True)) for said in document["stated"]]
    fields = {name: {"value": value, **stated[place]} for name, (value, place) in document["fields"].items()}
    return {"fields": fields, "latest_revision": document["latest_revision"], "corrected": document["corrected"]}


def as_written_now(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a fact's document with its labels packed, where they are from before that."""
    labels = document["labels"]
    if labels is None or "stated" in labels:
        return document
    return {**document, "labels": labels_document(labels)}


def bucket_document(row: StoredBucket) -> Document:
    """Write the fields of a row; whatever else the document holds stays."""
    bucket = row.bucket
    return {
        "_id": bucket.row_id(),
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


def row_changes(document: Mapping[str, Any]) -> Document:
    """Return the fields of a row's document that can change."""
    return {name: document[name] for name in ("counts", "held", "exposure", "exposure_unit", "version", "tick")}


def history_document(document: Mapping[str, Any]) -> Document:
    """Write one version of a row, as it stood from its moment on, from its document; its id says nothing."""
    tick = document["tick"]
    kept = {name: value for name, value in document.items() if name not in ("_id", "cell", "tick")}
    return kept | {"row": document["_id"], "at_ms": tick["at_ms"] if tick else 0}


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
        "history": [
            vars(v)
            | {
                "effective_from": v.effective_from.isoformat(),
                "councils": list(v.councils),
                "contracts": list(v.contracts),
            }
            for v in site.history
        ],
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
        history=tuple(_site_version(version) for version in document["history"]),
    )


def _site_version(version: Mapping[str, Any]) -> SiteVersion:
    read = {
        "effective_from": date.fromisoformat(version["effective_from"]),
        "councils": tuple(version.get("councils", ())),
        "contracts": tuple(version.get("contracts", ())),
    }
    return SiteVersion(**{**version, **read})


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
    """Write a state of any kind."""
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
    """Read a state of any kind."""
    return State(
        provider_id=document["provider"],
        site_id=document["site"],
        state_id=document["state_id"],
        version=document["version"],
        status=document["status"],
        visibility=document["visibility"],
        body=document["body"],
    )
