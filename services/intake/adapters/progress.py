"""What became of each report, in MongoDB: facts from the log for triage, the holds and the reporter's return page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pymongo import ReplaceOne

from services.intake.adapters.aggregates import Aggregates, patiently
from services.intake.domain.progress import (
    ActionState,
    Classified,
    DutyState,
    Judged,
    Labelled,
    Labels,
    labels_key,
    labels_of,
    take_in,
    take_label,
)
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Mongo

COLLECTION = "progress"
LABELS = "labels"
VERDICTS = "verdicts"
Told = Classified | ActionState | Labelled | DutyState | Judged
F = TypeVar("F")
State = dict[str, Any]


class MongoProgress:
    """The store of progress; written inside the transaction that moves the fence.

    Args:
        mongo: Intake's database.
        aggregates: Makes the collections.
    """

    def __init__(self, mongo: Mongo, aggregates: Aggregates) -> None:
        self._mongo = mongo
        self._aggregates = aggregates

    async def prepare(self) -> None:
        """Make the collections."""
        await self._aggregates.prepare(COLLECTION, LABELS, VERDICTS)

    async def take_in(self, facts: Sequence[Told], tx: Tx) -> None:
        """Take facts into what is known, with one read and one write for each kind."""
        progress = [fact for fact in facts if isinstance(fact, Classified | ActionState)]
        await _fold(tx, COLLECTION, progress, lambda fact: fact.report_id, take_in)
        labels = [fact for fact in facts if isinstance(fact, Labelled | DutyState)]
        await _fold(tx, LABELS, labels, _labels_key, take_label)
        judged = [fact for fact in facts if isinstance(fact, Judged)]
        await _fold(tx, VERDICTS, judged, lambda fact: fact.action_id, _take_verdict)

    async def labels(self, provider_id: str, reports: Iterable[tuple[str, str]]) -> Mapping[str, Labels]:
        """Return the labels of some reports by report id.

        Args:
            provider_id: The tenant.
            reports: Site and report id of each.
        """
        keys = {labels_key(provider_id, site, report): report for site, report in reports}
        cursor = self._mongo.db[LABELS].find({"_id": {"$in": list(keys)}})
        return {keys[one["_id"]]: labels_of(one) for one in await patiently(cursor.to_list(None))}

    async def became(self, provider_id: str, report_id: str) -> Mapping[str, Any]:
        """Return `classified_at` and the report's actions, each with its verdict or None; titles are the playbooks'."""
        found = await patiently(self._mongo.db[COLLECTION].find_one({"_id": report_id, "provider_id": provider_id}))
        if found is None:
            return {"classified_at": None, "actions": []}
        cursor = self._mongo.db[VERDICTS].find({"_id": {"$in": list(found["actions"])}, "provider_id": provider_id})
        verdicts = {one["_id"]: one["verdict"] for one in await patiently(cursor.to_list(None))}
        actions = [{"verdict": verdicts.get(key), **action} for key, action in sorted(found["actions"].items())]
        return {"classified_at": found["classified_at"], "actions": actions}


async def _fold(
    tx: Tx,
    collection: str,
    facts: Sequence[F],
    key_of: Callable[[F], str],
    take: Callable[[State | None, F], State],
) -> None:
    by_key: dict[str, list[F]] = defaultdict(list)
    for fact in facts:
        by_key[key_of(fact)].append(fact)
    if not by_key:
        return
    documents = await tx.db[collection].find({"_id": {"$in": list(by_key)}}, session=tx.session).to_list(None)
    known: dict[str, State] = {document["_id"]: document for document in documents}
    writes = []
    for key, told in by_key.items():
        before = known.get(key)
        state = before
        for fact in told:
            state = take(state, fact)
        if state is not None and {"_id": key} | state != before:
            writes.append(ReplaceOne({"_id": key}, {"_id": key} | state, upsert=True))
    if writes:
        await tx.db[collection].bulk_write(writes, ordered=False, session=tx.session)


def _labels_key(fact: Labelled | DutyState) -> str:
    return labels_key(fact.provider_id, fact.site_id, fact.report_id)


def _take_verdict(known: State | None, fact: Judged) -> State:
    if known is not None and known["version"] >= fact.version:
        return known
    return {"provider_id": fact.provider_id, "version": fact.version, "verdict": fact.verdict, "on": fact.on}
