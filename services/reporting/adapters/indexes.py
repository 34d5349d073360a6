"""The indexes of every collection of views, and which of their fields only tell how a document came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING, DESCENDING, IndexModel

from services.reporting.adapters import documents as doc
from services.reporting.domain.facts import ALL
from services.reporting.domain.states import ACTION, DUTY, EVALUATION, KINDS, LEARNING, PULSE

_BY_CHANGE = IndexModel([("provider", ASCENDING), (doc.CHANGED, ASCENDING)])
_OF_STATES = (
    _BY_CHANGE,
    IndexModel([("provider", ASCENDING), ("open", ASCENDING), ("state_id", ASCENDING)]),
    IndexModel([("provider", ASCENDING), ("state_id", ASCENDING)]),
    IndexModel([("provider", ASCENDING), ("site", ASCENDING), ("state_id", ASCENDING)]),
)
INDEXES: Mapping[str, tuple[IndexModel, ...]] = {
    doc.FACTS: (
        IndexModel([("cell", ASCENDING), ("tally", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("reported_at", DESCENDING), ("report_id", DESCENDING)]),
        IndexModel([("provider", ASCENDING), ("site", ASCENDING), ("reported_at", DESCENDING)]),
        IndexModel([("provider", ASCENDING), ("report_id", ASCENDING)]),
        _BY_CHANGE,
        IndexModel(
            [("provider", ASCENDING), ("reported_at", DESCENDING), ("report_id", DESCENDING)],
            name="to_review",
            partialFilterExpression={"needs_review": True},
        ),
        IndexModel(
            [("provider", ASCENDING), ("reported_at", ASCENDING)],
            name="disrupted",
            partialFilterExpression={"disruption": {"$exists": True}},
        ),
        IndexModel(
            [("provider", ASCENDING), ("reported_at", ASCENDING), ("site", ASCENDING)],
            name="escalated",
            partialFilterExpression={"escalation": {"$exists": True}},
        ),
    ),
    doc.BUCKETS: (
        IndexModel([("cell", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("week", ASCENDING), ("site", ASCENDING), ("domain", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("domain", ASCENDING), ("week", ASCENDING), ("site", ASCENDING)]),
        IndexModel(
            [("provider", ASCENDING), (doc.EXPOSED, ASCENDING)],
            name="exposed_at",
            partialFilterExpression={doc.EXPOSED: {"$exists": True}},
        ),
    ),
    doc.ROW_HISTORY: (IndexModel([("provider", ASCENDING), ("row", ASCENDING), ("at_ms", ASCENDING)]),),
    doc.PANEL_PARTS: (IndexModel([("provider", ASCENDING), ("table", ASCENDING), ("number", ASCENDING)]),),
    doc.SITES: (IndexModel([("provider", ASCENDING), ("site", ASCENDING)]),),
    doc.EXPOSURE: (
        IndexModel([("cell", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("site", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("unit", ASCENDING), ("start", ASCENDING)]),
    ),
    **dict.fromkeys(KINDS, _OF_STATES),
    EVALUATION: (
        *_OF_STATES,
        IndexModel([("provider", ASCENDING), ("body.verdict.on", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("body.action_id", ASCENDING)]),
    ),
    ACTION: (
        *_OF_STATES,
        IndexModel([("provider", ASCENDING), ("status", ASCENDING), ("body.completed_at", ASCENDING)]),
    ),
    LEARNING: (*_OF_STATES, IndexModel([("provider", ASCENDING), ("body.published_at", ASCENDING)])),
    DUTY: (
        _BY_CHANGE,
        IndexModel([("provider", ASCENDING), ("state_id", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("open", ASCENDING), ("state_id", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("status", ASCENDING), ("state_id", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("site", ASCENDING), ("state_id", ASCENDING)]),
    ),
    PULSE: (
        IndexModel([("provider", ASCENDING), ("state_id", ASCENDING)]),
        IndexModel([("provider", ASCENDING), ("body.day", ASCENDING), ("site", ASCENDING)]),
    ),
    doc.VERSIONS: (IndexModel([("provider", ASCENDING)]),),
}
GONE = frozenset({"provider_1_changed_ms_1", "exposed"})
"""Names of indexes that earlier releases made and no release reads by any more."""
PROCESSING: Mapping[str, frozenset[str]] = {
    **dict.fromkeys((doc.FACTS, *KINDS, PULSE), frozenset({doc.CHANGED})),
    doc.BUCKETS: frozenset({"version", "tick", "touched", doc.EXPOSED}),
    doc.SITES: frozenset({"touched"}),
}
"""Fields that tell how a document came about, not what it says: two rebuilds may differ in them."""
SAYS_SOMETHING: Mapping[str, Mapping[str, Any]] = {
    doc.BUCKETS: {"$or": [{"counts.reports": {"$gt": 0}}, {"domain": ALL, "exposure": {"$ne": None}}]},
    doc.SITES: {"revision": {"$gt": 0}},
}
"""A row of zeros says the same as no row: whether there is one depends on how the log was cut into batches."""
