"""Domain values as MongoDB documents and back; days lie there as ISO text, which sorts as days do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any

from pydantic import TypeAdapter

from services.actions.adapters.fields import fields_of
from services.actions.domain.duties import Duty
from services.actions.domain.escalations import Decision
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import HELD, NOTHING_ASKED, Asked, Evidence, Fact, ReportPart
from services.actions.domain.management_log import LogEntry
from services.actions.domain.progress import Progress
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from services.actions.ports import FactKey, HistoryLine

Document = dict[str, Any]
TASK: TypeAdapter[Task] = TypeAdapter(Task)
SIGNAL: TypeAdapter[Signal] = TypeAdapter(Signal)
DUTY: TypeAdapter[Duty] = TypeAdapter(Duty)
DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)
EVALUATION: TypeAdapter[Evaluation] = TypeAdapter(Evaluation)
LOG_ENTRY: TypeAdapter[LogEntry] = TypeAdapter(LogEntry)
LINE: TypeAdapter[HistoryLine] = TypeAdapter(HistoryLine)
EVIDENCE_FIELDS = {
    "_id": 0,
    **dict.fromkeys(("provider_id", "site_id", "report_id", "reported_at", "reported_on", "visibility", "replay"), 1),
    "domains": 1,
    "factors": 1,
}
LATER_FIELDS = (
    "occurred_at", "occurred_precision", "occurred_band", "setting", "disruption_kind", "disruption_hours", "asset",
    "worry", "received_at",
)  # fmt: skip
PART_FIELDS = tuple(field.name for field in fields(ReportPart))
ASKED_SETS = ("escalate", "domains", "severities", "disruptions")


def stored(value: Any) -> Any:
    """Return a value as BSON can keep it: days as text, tuples as lists."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: stored(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [stored(inner) for inner in value]
    return value


def joined(*parts: object) -> str:
    """Return an id made of parts."""
    return "|".join(map(str, parts))


def fact_document(fact: Fact) -> Document:
    """Return a fact as it is stored: no text, and beside the parts what queries go by."""
    document: Document = {
        "_id": joined(*fact_key(fact)),
        "provider_id": fact.provider_id,
        "site_id": fact.site_id,
        "report_id": fact.report_id,
        "labels": fact.labels,
        "counts": fact.counts,
        "domains": list(fact.domains),
        "factors": list(fact.factors),
    }
    if fact.asked != NOTHING_ASKED:
        document["asked"] = _asked_document(fact.asked)
    if fact.report is not None:
        part = fact.report  # flat, so that no value within it needs looking into
        document |= {name: getattr(part, name) for name in PART_FIELDS}
    if fact.judged_on is not None:
        document |= {"judged_on": fact.judged_on.isoformat(), "repeats": fact.repeats}
    if (day := fact.day) is not None:
        document["reported_on"] = day.isoformat()
    return document | _review_document(fact)


def _review_document(fact: Fact) -> Document:
    """Return what is stored of a report's review; nothing where nothing is known."""
    document: Document = {"awaited": True} if fact.awaited else {}
    if fact.reviewed_at is not None:
        document["reviewed_at"] = fact.reviewed_at
    if fact.reminded:
        document["reminded"] = sorted(fact.reminded)
    if (since := fact.waits_since) is not None:
        document["waits_since"] = since
    return document


def fact_key(fact: Fact) -> FactKey:
    """Return what a fact is found by."""
    return (fact.provider_id, fact.site_id, fact.report_id)


def fact_of(document: Document) -> Fact:
    """Return the fact that a document holds."""
    part = None
    if document.get("revision"):
        part = ReportPart(
            revision=document["revision"],
            withdrawn=document["withdrawn"],
            reported_at=document["reported_at"],
            origin=document["origin"],
            replay=document["replay"],
            visibility=document["visibility"],
            asset_ref=document["asset_ref"],
            person_token=document["person_token"],
            marks=tuple(document.get("marks", ())),
            **{name: document[name] for name in LATER_FIELDS if name in document},
        )
    return Fact(
        provider_id=document["provider_id"],
        site_id=document["site_id"],
        report_id=document["report_id"],
        report=part,
        labels=document.get("labels"),
        asked=_asked_of(document["asked"]) if "asked" in document else NOTHING_ASKED,
        judged_on=date.fromisoformat(document["judged_on"]) if "judged_on" in document else None,
        repeats=document.get("repeats"),
        reviewed_at=document.get("reviewed_at"),
        reminded=frozenset(document.get("reminded", ())),
        awaited=document.get("awaited", False),
    )


def _asked_document(asked: Asked) -> Document:
    sets = {name: sorted(getattr(asked, name)) for name in ASKED_SETS}
    return {"prompts": [[rule, *rank] for rule, rank in sorted(asked.prompts.items())], **sets}


def _asked_of(document: Document) -> Asked:
    prompts = {rule: (revision, decision, model, why) for rule, revision, decision, model, why in document["prompts"]}
    return Asked(prompts, **{name: frozenset(document[name]) for name in ASKED_SETS})


def evidence_of(document: Document) -> Evidence:
    """Return a counting report from the fields that the rules need."""
    return Evidence(
        provider_id=document["provider_id"],
        site_id=document["site_id"],
        report_id=document["report_id"],
        reported_at=document["reported_at"],
        day=date.fromisoformat(document["reported_on"]),
        held=document["visibility"] == HELD,
        replay=document["replay"],
        domains=tuple(document["domains"]),
        factors=tuple(document["factors"]),
    )


def exposure_document(period: Exposure) -> Document:
    """Return a period of exposure as it is stored."""
    key = joined(period.provider_id, period.site_id, period.unit, period.period_start)
    return {"_id": key, **stored(fields_of(period))}


def exposure_of(document: Document) -> Exposure:
    """Return the period that a document holds."""
    return Exposure(
        provider_id=document["provider_id"],
        site_id=document["site_id"],
        unit=document["unit"],
        period_start=date.fromisoformat(document["period_start"]),
        period_end=date.fromisoformat(document["period_end"]),
        value=document["value"],
        revision=document["revision"],
    )


def progress_document(progress: Progress) -> Document:
    """Return a provider's progress as it is stored."""
    targets = None
    if progress.targets is not None:
        targets = [[topic, partition, offset] for (topic, partition), offset in sorted(progress.targets.items())]
    return {
        "last_day": stored(progress.last_day),
        "replayed": stored(progress.replayed),
        "targets": targets,
        "asked_at": progress.asked_at,
        "stands_on": stored(progress.stands_on),
    }


def progress_of(provider_id: str, document: Document | None) -> Progress:
    """Return the progress that a document holds; none is a provider without reviews."""
    if document is None:
        return Progress(provider_id)
    targets = document["targets"]
    return Progress(
        provider_id=provider_id,
        last_day=date.fromisoformat(document["last_day"]) if document["last_day"] else None,
        replayed=tuple((date.fromisoformat(a), date.fromisoformat(b)) for a, b in document["replayed"]),
        targets=None if targets is None else {(topic, number): offset for topic, number, offset in targets},
        asked_at=document["asked_at"],
        stands_on=date.fromisoformat(stands_on) if (stands_on := document.get("stands_on")) else None,
    )
