"""Counts what waits, for the daily digests: one query for each kind of thing, whatever the number of sites."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

from services.actions.adapters.documents import Document, joined
from services.actions.adapters.duties import DUTIES
from services.actions.adapters.missed import ASKED_ABOUT
from services.actions.adapters.oversight import CARDS, DAYS, FAULTS, NOTICES, REPEATS, TOLD
from services.actions.adapters.routines import OCCURRENCES
from services.actions.adapters.signals import SIGNAL_STATES
from services.actions.adapters.tasks import TASKS
from services.actions.domain.facts import HELD
from services.actions.domain.oversight.told import OPEN as TOLD_OPEN
from services.actions.domain.tasks import ACCEPTED, IN_PROGRESS, PROPOSED
from services.actions.ports.oversight import Waiting
from shared.kernel.clock import start_of_day
from shared.runtime.mongo import Mongo, translate
from shared.taxonomy.oversight import DigestRules, OverdueRules

UNDER_WAY = {"$in": [ACCEPTED, IN_PROGRESS]}
Query = tuple[str, str, Document]
"""What is counted, where, and by which query."""


class MongoDigests:
    """The port `DigestReader`.

    Args:
        mongo: The service's database.
    """

    def __init__(self, mongo: Mongo) -> None:
        self._mongo = mongo

    async def made(self, provider_id: str, day: date) -> bool:
        """Tell whether a day's digests are made."""
        return await translate(self._mongo.db[DAYS].find_one({"_id": joined(provider_id, day)})) is not None

    async def sites(self, provider_id: str, today: date) -> dict[str, Waiting]:
        """Count by site what waits for its manager; nothing of held reports."""
        return await self._by_site(provider_id, _of_site(today, start_of_day(today)))

    async def _by_site(self, provider_id: str, queries: list[Query]) -> dict[str, Waiting]:
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for name, collection, query in queries:
            match = {"provider_id": provider_id, "visibility": {"$ne": HELD}, **query}
            group = {"$group": {"_id": "$site_id", "count": {"$sum": 1}}}
            rows = await translate(self._mongo.db[collection].aggregate([{"$match": match}, group]).to_list(None))
            for row in rows:
                found[row["_id"]][name] = row["count"]
        return {site_id: Waiting(counts) for site_id, counts in found.items()}

    async def passed_on(self, provider_id: str, role: str) -> dict[str, Waiting]:
        """Count by site what was passed on to one of its roles; nothing of held reports."""
        with_role = {"escalated_to": role}
        queries: list[Query] = [
            ("actions_overdue", TASKS, {"status": UNDER_WAY, **with_role}),
            ("duties", DUTIES, {"status": "asked", **with_role}),
            ("occurrences_missed", OCCURRENCES, {**ASKED_ABOUT, **with_role}),
        ]
        return await self._by_site(provider_id, queries)

    async def group(self, provider_id: str, today: date, rules: DigestRules, overdue: OverdueRules) -> Waiting:
        """Count what is for the group lead: serious, long unanswered, shared by sites, or passed on."""
        return await self._counted(provider_id, _of_group(today, rules, overdue))

    async def safeguarding(self, provider_id: str) -> Waiting:
        """Count what is for the safeguarding lead: held cards, questions about one person, and duties passed on."""
        lead = "safeguarding_lead"
        queries: list[Query] = [
            ("cards", CARDS.collection, {"status": "open", "visibility": HELD}),
            ("repeats", REPEATS.collection, {"status": "asked", "asked_role": lead}),
            ("duties", DUTIES, {"status": "asked", "escalated_to": lead}),
        ]
        return await self._counted(provider_id, queries)

    async def _counted(self, provider_id: str, queries: list[Query]) -> Waiting:
        counts: dict[str, int] = {}
        for name, collection, query in queries:
            found: Any = self._mongo.db[collection].count_documents({"provider_id": provider_id, **query})
            if count := int(await translate(found)):
                counts[name] = count
        return Waiting(counts)


def _of_site(today: date, midnight: datetime) -> list[Query]:
    day = today.isoformat()
    return [
        ("cards", CARDS.collection, {"status": "open"}),
        ("signals", SIGNAL_STATES, {"status": "open", "review": None}),
        ("actions_proposed", TASKS, {"status": PROPOSED}),
        ("actions_overdue", TASKS, {"status": UNDER_WAY, "due_on": {"$lt": day}}),
        ("duties", DUTIES, {"status": "asked"}),
        ("occurrences_due", OCCURRENCES, {"status": "due"}),
        ("occurrences_missed", OCCURRENCES, ASKED_ABOUT),
        ("repeats", REPEATS.collection, {"status": "asked", "asked_role": "manager"}),
        ("told_overdue", TOLD.collection, {"status": {"$in": list(TOLD_OPEN)}, "due_at": {"$lt": midnight}}),
        ("assets_late", FAULTS.collection, {"status": "out_of_use", "promised_on": {"$lt": day}}),
    ]


def _of_group(today: date, rules: DigestRules, overdue: OverdueRules) -> list[Query]:
    since = today - timedelta(days=rules.unanswered_days)
    midnight = start_of_day(since)
    late = (today - timedelta(days=overdue.action_steps[-1].days)).isoformat()
    shared = {f"sites.{rules.shared_by_sites - 1}": {"$exists": True}}
    old = {"raised_on": {"$lte": since.isoformat()}}
    passed_on = {"escalated_to": rules.group_role}
    unseen = {"kind": "alert", "status": "sent", "pass_on_at": None, "acknowledged_at": None}
    return [
        ("cards", CARDS.collection, {"status": "open"}),
        ("alerts_unseen", NOTICES.collection, unseen),
        ("signals", SIGNAL_STATES, {"status": "open", "review": None, "$or": [old, shared]}),
        ("actions_proposed", TASKS, {"status": PROPOSED, "proposed_at": {"$lt": midnight}}),
        ("actions_overdue", TASKS, {"status": UNDER_WAY, "due_on": {"$lt": late}}),
        ("duties", DUTIES, {"status": "asked", "$or": [{"advised_at": {"$lt": midnight}}, passed_on]}),
        ("occurrences_missed", OCCURRENCES, {**ASKED_ABOUT, **passed_on}),
        ("repeats", REPEATS.collection, {"status": "asked", "asked_role": rules.group_role}),
        ("told_overdue", TOLD.collection, {"status": {"$in": list(TOLD_OPEN)}, **passed_on}),
        ("assets_late", FAULTS.collection, {"status": "out_of_use", **passed_on}),
    ]
