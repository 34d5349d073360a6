"""From a classification to Kafka records, quick enough for the hot path.

A test holds what is written here against the contract: every record decodes to the event it stands for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from services.classifier.domain.classification import Classification
from services.classifier.domain.version import generation_of
from shared.contracts.classifier import ClassificationCorrected, Correction
from shared.contracts.envelope import CONTENT_TYPE, SPEC_VERSION, headers_for, partition_key
from shared.contracts.intake import ReportAmended, ReportReceived
from shared.contracts.topics import CLASSIFICATIONS
from shared.kernel.ids import event_id
from shared.runtime.kafka import Record, partition_of
from shared.taxonomy.labels import shape_faults

CE_TYPE = ("ce_type", b"ReportClassified")
CE_SOURCE = ("ce_source", b"/nearmiss/classifier")
Outgoing = tuple[str, int, Record]


@lru_cache(maxsize=100_000)
def _lane(provider_id: str, site_id: str) -> tuple[bytes, int]:
    key = partition_key(provider_id, site_id)
    return key.encode(), partition_of(key, CLASSIFICATIONS.partitions)


class Announcer:
    """Writes ReportClassified and, for imported coding, ClassificationCorrected.

    Args:
        taxonomy_version: Version of the words.
        model_version: Version of the model; part of the event id, its generation is the decision number.
        reasons: What a person reads beside a prompt, by the rule's id.
    """

    def __init__(self, taxonomy_version: str, model_version: str, reasons: Mapping[str, str]) -> None:
        self._taxonomy = taxonomy_version
        self._reasons = reasons
        self._derived_with = f"{taxonomy_version}/{model_version}"
        self._decision_no = generation_of(model_version)

    def classified(self, said: ReportReceived | ReportAmended, found: Classification, now: datetime) -> Outgoing:
        """Return the record of a classification.

        Args:
            said: The report's event.
            found: What the model says.
            now: One moment for the whole batch.
        """
        report = said.report
        identity = event_id("ReportClassified", report.report_id, report.revision, self._derived_with)
        key, partition = _lane(said.provider_id, said.site_id or "*")
        body: dict[str, Any] = {
            "type": "ReportClassified",
            "event_id": identity,
            "provider_id": said.provider_id,
            "site_id": said.site_id,
            "recorded_at": now,
            "effective_at": report.reported_at if said.replay else None,
            "replay": said.replay,
            "report_received_at": report.received_at,
            "classification": self._body(found, report.report_id, report.revision),
        }
        headers = [
            SPEC_VERSION,
            ("ce_id", identity.encode()),
            CE_TYPE,
            CE_SOURCE,
            ("ce_subject", report.report_id.encode()),
            ("ce_time", now.isoformat().encode()),
            CONTENT_TYPE,
        ]
        return CLASSIFICATIONS.name, partition, (key, orjson.dumps(body, option=orjson.OPT_UTC_Z), headers)

    def given(self, said: ReportReceived | ReportAmended, now: datetime) -> Iterable[Outgoing]:
        """Return the record of coding that a person gave in the system that the report came from, if any."""
        report = said.report
        if report.given_labels is None:
            return
        labels = report.given_labels.labels
        wrong = {fault.field for fault in shape_faults(labels)}
        event = ClassificationCorrected(
            event_id=event_id("ClassificationCorrected", report.report_id, f"{report.revision}.0"),
            provider_id=said.provider_id,
            site_id=said.site_id,
            recorded_at=now,
            effective_at=report.reported_at if said.replay else None,
            replay=said.replay,
            correction=Correction(
                report_id=report.report_id,
                report_revision=report.revision,
                decision_no=0,
                fields={name: value for name, value in labels.items() if name not in wrong},
                by_role=report.given_labels.coder_role,
                source_system=report.given_labels.source_system,
                taxonomy_version=self._taxonomy,
            ),
        )
        key, partition = _lane(said.provider_id, said.site_id or "*")
        value = event.__pydantic_serializer__.to_json(event)
        yield CLASSIFICATIONS.name, partition, (key, value, headers_for(event, "classifier"))

    def _body(self, found: Classification, report_id: str, revision: int) -> dict[str, Any]:
        return {
            "report_id": report_id,
            "report_revision": revision,
            "source": "model",
            "decision_no": self._decision_no,
            "is_near_miss": found.is_near_miss,
            "domains": found.domains,
            "primary_domain": found.primary_domain,
            "contributory_factors": found.contributory_factors,
            "potential_severity": found.potential_severity,
            "how_caught": found.how_caught,
            "escalate": found.escalate,
            "event_class": found.event_class,
            "disruption_kind": found.disruption_kind,
            "assets": found.assets,
            "confidence": found.confidence,
            "evidence": found.evidence,
            "prompts": [{"rule": rule, "why": self._reasons[rule]} for rule in found.prompts],
            "needs_review": found.needs_review,
            "review_reason": found.review_reason,
            "taxonomy_version": found.taxonomy_version,
            "model_version": found.model_version,
        }
