"""A database of reporting as large as asked for, written straight in the views' shape; all of it is invented.

Facts, rows and states are made by the service's own functions, so that they are what a fold would have left.
"""

from __future__ import annotations

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pymongo
from bson.timestamp import Timestamp
from pymongo import WriteConcern

from services.reporting.adapters import documents as doc
from services.reporting.adapters.mongo_admin import make_collections
from services.reporting.domain.buckets import Cell, recompute
from services.reporting.domain.exposure import Period
from services.reporting.domain.facts import DialoguePart, Fact, ModelPart, ReportPart
from services.reporting.domain.registry import Provider, Site, SiteVersion
from services.reporting.domain.states import SETTLED, State
from services.reporting.domain.stored import ExposureRecord, StoredBucket
from services.reporting.routes.states import STATES, stated
from shared.contracts.envelope import Event
from shared.contracts.publish import examples_of
from shared.runtime.mongo import Database
from shared.taxonomy import precedence
from tests.support import reporting as say
from tests.support.reporting import PROVIDER, TOLD, topic_of_type

AT_ONCE = 5_000
TEXT = "Two tablets were in the pot and the second check stopped it. [PERSON_1] was told at handover. " * 3
CLASSES = ("NEAR_MISS", "NEAR_MISS", "NEAR_MISS", "HAZARD", "NO_HARM", "LOW_HARM", "DISRUPTION")
REGIONS = ("North", "South", "East", "West")
STATES_A_SITE = {"signals": 8, "actions": 12, "evaluations": 10, "duties": 20, "occurrences": 24}
"""So many of each kind a site has after three years; four of every other kind."""
OPEN_ONE_IN = 6
COPIED = {
    doc.FACTS: ("_id", "site", "report_id", "cell"),
    doc.BUCKETS: ("_id", "site", "cell"),
    doc.EXPOSURE: ("_id", "site", "cell"),
    doc.SITES: ("_id", "site"),
}
"""What there is most of, with the fields that name a site."""
COPY_WITHIN_S = 600.0
AGO = timedelta(days=730)
BATCH, NEWS_SITES = 200, 12
"""A batch of new events, and how many sites they come from, however many there are: the same work in any provider."""


@dataclass(frozen=True)
class Size:
    """How large the provider is.

    Attributes:
        sites: How many sites.
        weeks: How many weeks, up to the last Monday.
        reports: Reports of a site in a week.
        last: The last Monday.
        domains: The words of the domains that reports have.
    """

    sites: int
    weeks: int
    reports: int
    last: date
    domains: tuple[str, ...]

    @property
    def facts(self) -> int:
        """Return how many reports there are in all."""
        return self.sites * self.weeks * self.reports

    def mondays(self) -> list[date]:
        """Return the weeks, the last one first."""
        return [self.last - timedelta(days=7 * number) for number in range(self.weeks)]


async def fill(db: Database, size: Size) -> None:
    """Write a whole provider, then make the indexes.

    Args:
        db: An empty database of the service.
        size: How large.
    """
    await _fill(db, size)
    await make_collections(db, 0)


async def fill_by_copies(db: Database, size: Size, times: int) -> None:
    """Write a provider and copy its sites under other names, then make the indexes: millions of facts in minutes.

    Args:
        db: An empty database of the service.
        size: How large before it is copied.
        times: How many sites become of one.
    """
    await _fill(db, size)
    originals = {"site": {"$regex": "^site-"}}
    for number in range(1, times):
        for name, fields in COPIED.items():
            renamed = {
                field: {"$replaceAll": {"input": f"${field}", "find": "site-", "replacement": f"copy{number}-site-"}}
                for field in fields
            }
            into = {"$merge": {"into": name, "whenMatched": "fail"}}
            with pymongo.timeout(COPY_WITHIN_S):
                await db[name].aggregate([{"$match": originals}, {"$set": renamed}, into]).to_list(None)
    await make_collections(db, 0)


async def _fill(db: Database, size: Size) -> None:
    chance = random.Random(7)
    provider = Provider(PROVIDER, 1, "Rowan Care Group (invented)", synthetic=True)
    await write(db, doc.PROVIDERS, [doc.provider_document(provider)])
    states = list(_examples())
    for number in range(size.sites):
        site = site_of(number)
        await write(db, doc.SITES, [{"_id": doc.joined(PROVIDER, site.site_id)} | doc.site_document(site)])
        facts = list(facts_of(site, size, chance))
        await write(db, doc.FACTS, [doc.fact_document(fact) | {doc.CHANGED: _changed(fact)} for fact in facts])
        await write(db, doc.BUCKETS, list(_rows(site, facts, size)))
        await write(db, doc.EXPOSURE, [doc.exposure_document(record) for record in _exposure(site, size)])
        for kind, examples in states:
            found = [_state(kind, examples, site, turn, facts, size) for turn in range(STATES_A_SITE.get(kind, 4))]
            await write(db, kind, [doc.state_document(state) | {doc.CHANGED: Timestamp(1, 1)} for state in found])


async def write(db: Database, name: str, documents: Sequence[doc.Document]) -> None:
    """Write documents, some thousands at once, without waiting for the journal."""
    collection = db.get_collection(name, write_concern=WriteConcern(w=1, j=False))
    for start in range(0, len(documents), AT_ONCE):
        await collection.insert_many(documents[start : start + AT_ONCE], ordered=False)


def site_of(number: int) -> Site:
    """Return an invented site."""
    version = SiteVersion(
        effective_from=date(2015, 4, 1),
        name=f"House {number:03} (invented)",
        setting=("residential", "nursing", "domiciliary", "supported_living")[number % 4],
        region=REGIONS[number % len(REGIONS)],
        capacity=40,
        councils=(f"council-{number % 40}",),
        contracts=(f"contract-{number % 25}",),
    )
    return Site(PROVIDER, f"site-{number:03}", 1, date(2015, 4, 1), None, (version,))


def _changed(fact: Fact) -> Timestamp:
    """Return when a fact last changed: with the last word of its dialogue, and before anything that is new now."""
    assert fact.dialogue is not None
    assert fact.dialogue.closed_at is not None
    return Timestamp(int((fact.dialogue.closed_at - AGO).timestamp()), 1)


def facts_of(site: Site, size: Size, chance: random.Random) -> Iterator[Fact]:
    """Yield the invented reports of a site, the newest week first."""
    labelled = [_labels(domain, size.domains, event_class) for domain in size.domains for event_class in CLASSES]
    for monday in size.mondays():
        for number in range(chance.randint(0, size.reports * 2)):
            at = datetime.combine(monday, time(8), UTC) + timedelta(minutes=chance.randrange(6 * 24 * 60))
            labels = chance.choice(labelled)
            yield Fact(
                provider_id=PROVIDER,
                site_id=site.site_id,
                report_id=f"{site.site_id}-{monday:%y%m%d}-{number}",
                report=_report(at, site, chance),
                labels=labels,
                model=ModelPart(1, 0, "rules-1", "2026.11", chance.random() < 0.03),
                dialogue=DialoguePart(
                    triaged_at=at + timedelta(hours=chance.randrange(1, 60)),
                    feedback_at=at + timedelta(hours=chance.randrange(2, 90)) if chance.random() < 0.8 else None,
                    closed_at=at + timedelta(hours=100),
                ),
            )


def _report(at: datetime, site: Site, chance: random.Random) -> ReportPart:
    return ReportPart(
        revision=1,
        withdrawn=False,
        visibility="held" if chance.random() < 0.01 else "site",
        origin="live",
        reported_at=at,
        received_at=at + timedelta(seconds=2),
        occurred_at=at - timedelta(minutes=chance.randrange(500)),
        occurred_precision="minute",
        occurred_band=None,
        setting=site.history[0].setting,
        text=TEXT,
        place="medication room",
        worry=chance.randint(1, 4),
        reporter_role="care_worker",
        identity_mode="anonymous" if chance.random() < 0.4 else "named",
        reporter_token=f"{site.site_id}-{chance.randrange(30)}",
    )


def _labels(domain: str, domains: Sequence[str], event_class: str) -> dict[str, Any]:
    other = domains[(domains.index(domain) + 1) % len(domains)]
    fields: dict[str, Any] = dict.fromkeys(precedence.FIELDS[:-1], ())
    fields |= {"is_near_miss": event_class == "NEAR_MISS", "event_class": event_class, "primary_domain": domain}
    fields |= {"domains": (domain, other), "potential_severity": "moderate"}
    fields["disruption_kind"] = "power" if event_class == "DISRUPTION" else None
    fields["escalate"] = ("safeguarding",) if event_class == "LOW_HARM" and domain == domains[0] else ()
    return precedence.merge(None, precedence.Fact("model", 1, 0, fields, "rules-1"))


def _rows(site: Site, facts: Sequence[Fact], size: Size) -> Iterator[doc.Document]:
    tallies: dict[date, Counter[str]] = defaultdict(Counter)
    for fact in facts:
        if (shown := fact.shown()) is not None:
            tallies[shown.week][shown.tally()] += 1
    for monday in size.mondays():
        cell = Cell(PROVIDER, site.site_id, monday)
        for bucket in recompute(cell, tallies[monday].items(), (280.0, "occupied_bed_days"), {}):
            yield doc.bucket_document(StoredBucket(bucket, 1, {"at_ms": 1, "seq": 1}))


def _exposure(site: Site, size: Size) -> Iterator[ExposureRecord]:
    for monday in size.mondays():
        period = Period("occupied_bed_days", monday, monday + timedelta(days=6), 280.0)
        yield ExposureRecord(PROVIDER, site.site_id, period, "counted", 1)
        if monday.day <= 7:
            staff = Period("staff_on_roll", monday, monday + timedelta(days=6), 45.0)
            yield ExposureRecord(PROVIDER, site.site_id, staff, "counted", 1)


def _examples() -> Iterator[tuple[str, list[State]]]:
    """Yield each kind of state with what the published examples state of it."""
    found: dict[str, list[State]] = defaultdict(list)
    for event in STATES:
        topic = topic_of_type(event)
        for _, body in examples_of(topic, event):
            kind, state = stated(topic.decode(body))
            found[kind].append(state)
    yield from found.items()


def _state(kind: str, examples: Sequence[State], site: Site, turn: int, facts: Sequence[Fact], size: Size) -> State:
    """Return a state like a published example, of another site, with evidence that exists; one in six is open."""
    want_open = turn % OPEN_ONE_IN == 0
    like = [state for state in examples if (state.status not in SETTLED) == want_open] or list(examples)
    model, state_id = like[turn % len(like)], f"{kind}-{site.site_id}-{turn}"
    body = json.loads(json.dumps(dict(model.body)))
    named = [fact.report_id for fact in facts[turn * 9 : turn * 9 + 6]]
    body |= {"report_ids": named} if "report_ids" in body else {}
    body |= {"report_id": named[0]} if named and "report_id" in body else {}
    body |= {"action_id": f"actions-{site.site_id}-{turn}"} if "action_id" in body else {}
    if isinstance(said := body.get("verdict"), dict):
        said["on"] = (size.last - timedelta(days=90 * turn)).isoformat()
    for moment in ("completed_at", "proposed_at", "published_at"):
        if body.get(moment):
            body[moment] = (datetime.combine(size.last, time(9), UTC) - timedelta(days=90 * turn)).isoformat()
    return State(PROVIDER, site.site_id, state_id, 1, model.status, "site", body)


def batch_of(number: int, size: Size) -> list[Event]:
    """New reports with their labels, mostly of this week, some of weeks long past."""
    found: list[Event] = []
    for turn in range(BATCH // 2):
        place = number * BATCH + turn
        site, age = f"site-{place % min(NEWS_SITES, size.sites):03}", 7 * (place % size.weeks if turn % 4 == 0 else 0)
        at = TOLD - timedelta(days=age)
        found.append(say.report(f"new-{place}", site, reported_at=at, received_at=at, occurred_at=at))
        domain = size.domains[place % len(size.domains)]
        found.append(say.classified(f"new-{place}", [domain], site=site))
    return found
