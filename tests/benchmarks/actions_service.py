"""The actions service against a bare aiokafka loop that does the same bulk writes to MongoDB.

The floor is what a careful programmer writes by hand who knows beforehand what else is to be written: getmany, validate
each record, make the documents of the batch's reports, and write the very transactions that the service made of as many
records, then commit: the same documents in the same collections with the same indexes - facts, states, cards, duties,
messages, history lines, events and fences, as recorded from one run of the service, each transaction with the same
majority commit. The floor reads nothing back, matches no playbook, asks no duty, raises no card, and sends no event
on. Each runs as a process of its own on one core, in turn; what is compared is the CPU time per record of the Python
process, and the wall clock beside it, both from the moment when the consumer has joined its group.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
    register,
)

from services.actions.adapters.documents import fact_document
from services.actions.adapters.store import MongoStore
from services.actions.adapters.work import within
from services.actions.domain.facts import Fact
from services.actions.routes.fold import add_event, make_fold
from services.actions.usecases.duties import Rulebook
from services.actions.usecases.fold import Batch, fold
from shared.contracts.classifier import Classification, ReportClassified
from shared.contracts.envelope import Event, headers_for, partition_key
from shared.contracts.topics import CLASSIFICATIONS, REPORTS, Topic
from shared.kernel.clock import SystemClock
from shared.kernel.errors import Unavailable
from shared.kernel.ids import event_id
from shared.runtime.kafka import Producer, Record, partition_of
from shared.runtime.mongo import Mongo
from shared.runtime.runtime import Runtime
from shared.runtime.settings import RuntimeSettings
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.oversight import load_oversight
from tests.benchmarks.classifier_service import reports

REPORTS_EACH = 9_000
SITES = 120
ROUNDS = 3
JOIN_WITHIN_S = 60.0


def topics(tag: str) -> tuple[Topic, Topic]:
    """The two topics with volume under other names, so that every round begins at an empty place."""
    return replace(REPORTS, aggregate=f"{tag}-reports"), replace(CLASSIFICATIONS, aggregate=f"{tag}-labels")


def labelled() -> list[tuple[Event, Event]]:
    """Invented reports with what a model said of them: one in fifty could have killed, one in ten is escalated."""
    domains = ("medication", "falls_mobility", "handover", "equipment", "records_data")
    pairs: list[tuple[Event, Event]] = []
    for n, one in enumerate(reports(REPORTS_EACH)):
        told = one.model_copy(update={"site_id": f"site-{n % SITES}"})
        said = Classification(
            report_id=told.report.report_id, report_revision=1, decision_no=1, is_near_miss=True,
            domains=(domains[n % 5],), primary_domain=domains[n % 5], contributory_factors=(),
            potential_severity="death" if n % 50 == 0 else "moderate", how_caught=("double_check",),
            escalate=("harm_occurred",) if n % 10 == 0 else (), event_class="near_miss", taxonomy_version="2026.11",
            model_version="bench",
        )  # fmt: skip
        label = ReportClassified(
            event_id=event_id("ReportClassified", told.report.report_id, 1, "bench"), provider_id=told.provider_id,
            site_id=told.site_id, recorded_at=told.recorded_at, report_received_at=told.recorded_at,
            classification=said,
        )  # fmt: skip
        pairs.append((told, label))
    return pairs


async def fill(kafka: str, tag: str) -> None:
    """Make the topics and put reports and labels into them."""
    told, labels = topics(tag)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic.name, topic.partitions, 1) for topic in (told, labels)])
    await admin.close()
    sender = Producer(RuntimeSettings(kafka_bootstrap_servers=kafka), "bench")
    await sender.start()
    lanes: dict[tuple[str, int], list[Record]] = {}
    for pair in labelled():
        for topic, event in zip((told, labels), pair, strict=True):
            lane = topic.name, partition_of(partition_key(event.provider_id, event.site_id), topic.partitions)
            record = (topic.key(event).encode(), event.model_dump_json().encode(), headers_for(event, topic.producer))
            lanes.setdefault(lane, []).append(record)
    await sender.send(lanes)
    await sender.stop()


Write = tuple[str, str, list[dict[str, Any]]]
"""insert or update, the collection, and what is inserted or updated, as the driver sent it."""


class Recorder(CommandListener):
    """Keeps what committed transactions wrote, in order."""

    def __init__(self) -> None:
        self.committed: list[list[Write]] = []
        self._open: dict[tuple[bytes, int], list[Write]] = {}

    def started(self, event: CommandStartedEvent) -> None:
        """Note a write of a transaction, or its end."""
        command, name = event.command, event.command_name
        if "txnNumber" not in command:
            return
        key = (bytes(command["lsid"]["id"]), int(command["txnNumber"]))
        if name in ("insert", "update"):
            what = [dict(one) for one in command["documents" if name == "insert" else "updates"]]
            self._open.setdefault(key, []).append((name, str(command[name]), what))
        elif name == "commitTransaction" and (wrote := self._open.pop(key, None)):
            self.committed.append(wrote)
        elif name == "abortTransaction":
            self._open.pop(key, None)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to note."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to note: what is not committed is not kept."""


async def record(kafka: str, mongo: str, tag: str) -> dict[str, float]:
    """Run the service once and keep what it wrote."""
    recorder = Recorder()
    register(recorder)
    result = await ours(kafka, mongo, tag)
    recorded(tag).write_bytes(pickle.dumps(recorder.committed))
    return result


def recorded(tag: str) -> Path:
    """Return where the recording of all rounds of one process lies."""
    return Path(tempfile.gettempdir()) / f"{tag.rsplit('-', 1)[0].replace('floor', 'record')}.pickle"


async def floor(kafka: str, mongo: str, tag: str) -> dict[str, float]:
    """The bare loop: validate, write what was recorded for as many records, commit."""
    by_name = {topic.name: topic for topic in topics(tag)}
    batches: list[list[Write]] = pickle.loads(recorded(tag).read_bytes())
    consumer = AIOKafkaConsumer(
        *by_name, bootstrap_servers=kafka, group_id=f"floor-{tag}", auto_offset_reset="earliest",
        enable_auto_commit=False,
    )  # fmt: skip
    kept = Mongo(mongo, f"bench_{tag}")
    kept.open()
    client, db = kept.client, kept.db
    await MongoStore(kept, SystemClock(), "floor", 60_000, lambda: None).prepare()
    for name in {collection for batch in batches for _, collection, _ in batch} - set(await db.list_collection_names()):
        await db.create_collection(name)
    await consumer.start()
    done = wrote = 0
    cpu, wall = time.process_time(), time.perf_counter()
    while done < 2 * REPORTS_EACH:
        found = await consumer.getmany(timeout_ms=100, max_records=500)
        for records in found.values():
            _made([by_name[one.topic].decode(one.value) for one in records])
            done += len(records)
        while wrote < len(batches) * done // (2 * REPORTS_EACH):
            await _write(client, db, batches[wrote])
            wrote += 1
        if found:
            await consumer.commit()
    result = _figures(cpu, wall)
    await consumer.stop()
    kept.close()
    return result


def _made(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Make the documents of the reports that a batch tells of, from the batch alone."""
    batch = Batch()
    for event in events:
        add_event(event, batch)
    facts: dict[tuple[str, str, str], Fact] = {}
    for key, part in batch.reports:
        facts[key] = facts.get(key, Fact(*key)).with_report(part)
    for key, said in batch.labels:
        facts[key] = facts.get(key, Fact(*key)).with_labels(said)
    return [fact_document(fact) for fact in facts.values()]


async def _write(client: Any, db: Any, batch: Sequence[Write]) -> None:
    async with await client.start_session() as session, session.start_transaction():
        for kind, collection, what in batch:
            writes: list[Any] = [InsertOne(one) for one in what] if kind == "insert" else [_update(one) for one in what]
            await db[collection].bulk_write(writes, ordered=False, session=session)


def _update(one: Mapping[str, Any]) -> Any:
    change, upsert = one["u"], bool(one.get("upsert"))
    moves = isinstance(change, list) or next(iter(change)).startswith("$")
    return (UpdateOne if moves else ReplaceOne)(one["q"], change, upsert=upsert)


async def ours(kafka: str, mongo: str, tag: str) -> dict[str, float]:
    """The service's runtime with its own fold."""
    settings = RuntimeSettings(kafka_bootstrap_servers=kafka, mongodb_uri=SecretStr(mongo), database_prefix=f"{tag}_")
    taxonomy = load_taxonomy()
    packs = load_duties(taxonomy)
    rulebook, oversight = Rulebook(packs, DutyPrompts(packs, taxonomy)), load_oversight(taxonomy)
    runtime = Runtime("actions", settings, topics=topics(tag))
    store = MongoStore(runtime.mongo, runtime.clock, runtime.holder, 60_000, runtime.wake)
    runtime.on_open(store.prepare)
    take = partial(fold, playbooks=taxonomy.playbooks, rulebook=rulebook, oversight=oversight)
    runtime.consume(make_fold(take, within))
    await runtime.start()  # makes indexes once; the floor has made them by then too
    targets = await _joined(runtime)
    cpu, wall = time.process_time(), time.perf_counter()
    assert runtime.inbox is not None
    while sum(runtime.inbox.starts.values()) < sum(targets.values()):
        await asyncio.sleep(0.01)  # looks at what this process knows, which costs nothing
    result = _figures(cpu, wall)
    assert await runtime.reached(targets), "the fences stand where the process says"
    await runtime.stop()
    return result


async def _joined(runtime: Runtime) -> dict[tuple[str, int], int]:
    """Wait for the consumer's place in its group, which the floor's start waits for too, and return where logs end."""
    given_up_s = time.perf_counter() + JOIN_WITHIN_S
    while True:
        try:
            return await runtime.end_offsets()
        except Unavailable:
            if time.perf_counter() > given_up_s:
                raise
            await asyncio.sleep(0.002)


def _figures(cpu: float, wall: float) -> dict[str, float]:
    records = 2 * REPORTS_EACH
    return {"cpu_us": (time.process_time() - cpu) / records * 1e6, "per_s": records / (time.perf_counter() - wall)}


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Take turns and return the rows of the table."""
    found: dict[str, list[dict[str, float]]] = {"record": [], "floor": [], "ours": []}
    for number in range(ROUNDS):
        turns = ("floor", "ours") if number % 2 == 0 else ("ours", "floor")
        for who in ("record", *turns) if number == 0 else turns:
            tag = f"acts-{who}-{os.getpid()}-{number}"
            asyncio.run(fill(kafka, tag))
            command = [sys.executable, "-m", "tests.benchmarks.actions_service", who, kafka, mongo, tag]
            out = subprocess.run(command, capture_output=True, text=True, check=True)
            found[who].append(json.loads(out.stdout.splitlines()[-1]))
    recorded(f"acts-record-{os.getpid()}-0").unlink()
    figures = {
        who: {key: statistics.median(f[key] for f in rounds) for key in rounds[0]} for who, rounds in found.items()
    }
    return [
        {
            "what": "actions service, CPU per record", "unit": "us",
            "ours": figures["ours"]["cpu_us"], "floor": figures["floor"]["cpu_us"],
            "ratio": figures["floor"]["cpu_us"] / figures["ours"]["cpu_us"],
        },
        {
            "what": "actions service, wall clock", "unit": "records/s", "ours": figures["ours"]["per_s"],
            "floor": figures["floor"]["per_s"], "ratio": figures["ours"]["per_s"] / figures["floor"]["per_s"],
        },
    ]  # fmt: skip


if __name__ == "__main__":
    who, kafka_address, mongo_address, tag = sys.argv[1:]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    work = {"floor": floor, "ours": ours, "record": record}[who]
    sys.stdout.write(json.dumps(asyncio.run(work(kafka_address, mongo_address, tag))) + "\n")
