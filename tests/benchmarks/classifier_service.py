"""The classifier service against a bare aiokafka loop: same reports, validation, function, ids and headers.

The floor is what a careful programmer writes by hand: getmany, validate, classify, `send` futures, gather,
commit. Ours is the service's own runtime: FastStream, places and gap check, metrics, prebuilt batches.
Each runs as a process of its own on one core, in turn, several rounds; what is compared is the CPU time
per message, which other load on the machine disturbs less than the wall clock.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from pydantic import SecretStr

from services.classifier.adapters.announce import Announcer
from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.prompts import whys
from services.classifier.routes.tagging import Tagging, answers_of
from shared.contracts.envelope import headers_for, partition_key
from shared.contracts.intake import Report, ReportReceived
from shared.contracts.topics import CLASSIFICATIONS, REPORTS, Topic
from shared.kernel.clock import SystemClock
from shared.kernel.ids import derived_id, event_id
from shared.runtime.kafka import Producer, Record, partition_of
from shared.runtime.memory import settle
from shared.runtime.runtime import Runtime
from shared.runtime.settings import RuntimeSettings
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.loader import load_taxonomy

RECORDS = 20_000
ROUNDS = 4
DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.ndjson"


def bench_topic(name: str) -> Topic:
    """The reports topic under another name, so that every round begins at an empty place."""
    return replace(REPORTS, aggregate=name)


def reports(number: int) -> list[ReportReceived]:
    """Invented reports: the demo's texts, again and again, with ids of their own."""
    texts = [json.loads(line)["text"] for line in DEMO.read_text().splitlines()]
    now = datetime.now(UTC)
    made = []
    for n in range(number):
        report_id = derived_id(f"bench-{n}")
        report = Report(
            report_id=report_id, revision=1, setting="residential", occurred_at=now, occurred_precision="minute",
            reported_at=now, received_at=now, origin="live", text=texts[n % len(texts)], worry=2,
            identity_mode="anonymous", redaction_version="1",
        )  # fmt: skip
        identity = event_id("ReportReceived", report_id, 1)
        made.append(
            ReportReceived(
                event_id=identity, provider_id="bench", site_id=f"site-{n % 40}", recorded_at=now, report=report
            )
        )
    return made


def model() -> tuple[Classifier, Announcer]:
    """The shipped model and the writer of its records, the same for both sides."""
    taxonomy = load_taxonomy()
    classifier = Classifier(taxonomy)
    return classifier, Announcer(taxonomy.version, classifier.version, whys(taxonomy, load_duties(taxonomy)))


async def fill(kafka: str, topic: Topic) -> None:
    """Make a topic and put the reports into it."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(topic.name, topic.partitions, 1)])
    await admin.close()
    lanes: dict[tuple[str, int], list[Record]] = {}
    for said in reports(RECORDS):
        lane = topic.name, partition_of(partition_key(said.provider_id, said.site_id), topic.partitions)
        lanes.setdefault(lane, []).append(
            (topic.key(said).encode(), said.model_dump_json().encode(), headers_for(said, "intake"))
        )
    sender = Producer(RuntimeSettings(kafka_bootstrap_servers=kafka), "bench")
    await sender.start()
    await sender.send(lanes)
    await sender.stop()


async def floor(kafka: str, topic: Topic) -> dict[str, float]:
    """The bare loop."""
    classifier, announcer = model()
    consumer = AIOKafkaConsumer(
        topic.name,
        bootstrap_servers=kafka,
        group_id=f"floor-{topic.name}",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await consumer.start()
    await producer.start()
    settle()
    done, cpu, wall = 0, time.process_time(), time.perf_counter()
    while done < RECORDS:
        batches = await consumer.getmany(timeout_ms=100, max_records=500)
        now, futures = datetime.now(UTC), []
        told = [topic.decode(record.value) for records in batches.values() for record in records]
        asked = [Asked(said.report.text, said.report.setting, answers_of(said.report)) for said in told]
        for said, labels in zip(told, classifier.classify_many(asked), strict=True):
            name, partition, (key, value, headers) = announcer.classified(said, labels, now)
            futures.append(await producer.send(name, value, key=key, partition=partition, headers=headers))
        done += len(told)
        if futures:
            await asyncio.gather(*futures)
            await consumer.commit()
    result = {"cpu_us": (time.process_time() - cpu) / RECORDS * 1e6, "per_s": RECORDS / (time.perf_counter() - wall)}
    await producer.stop()
    await consumer.stop()
    return result


async def ours(kafka: str, mongo: str, topic: Topic) -> dict[str, float]:
    """The service's runtime with its own pipe."""
    settings = RuntimeSettings(kafka_bootstrap_servers=kafka, mongodb_uri=SecretStr(mongo), database_prefix="bench_")
    runtime = Runtime("classifier", settings, topics=[topic])
    runtime.pipe(Tagging(*model(), SystemClock()))
    cpu, wall = time.process_time(), time.perf_counter()
    await runtime.start()
    published = runtime.metrics.published.labels("classifier", CLASSIFICATIONS.name)
    while published._value.get() < RECORDS:
        await asyncio.sleep(0.02)
    result = {"cpu_us": (time.process_time() - cpu) / RECORDS * 1e6, "per_s": RECORDS / (time.perf_counter() - wall)}
    await runtime.stop()
    return result


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Take turns and return one row for the table."""
    found: dict[str, list[dict[str, float]]] = {"floor": [], "ours": []}
    for round_number in range(ROUNDS):
        for who in ("floor", "ours") if round_number % 2 == 0 else ("ours", "floor"):
            topic = f"bench-{who}-{os.getpid()}-{round_number}"
            asyncio.run(fill(kafka, bench_topic(topic)))
            command = [sys.executable, "-m", "tests.benchmarks.classifier_service", who, kafka, mongo, topic]
            out = subprocess.run(command, capture_output=True, text=True, check=True)
            found[who].append(json.loads(out.stdout.splitlines()[-1]))
    figures = {
        who: {key: statistics.median(f[key] for f in rounds) for key in rounds[0]} for who, rounds in found.items()
    }
    return [
        {
            "what": "classifier service, CPU per message",
            "unit": "us",
            "ours": figures["ours"]["cpu_us"],
            "floor": figures["floor"]["cpu_us"],
            "ratio": figures["floor"]["cpu_us"] / figures["ours"]["cpu_us"],
        },
        {
            "what": "classifier service, wall clock",
            "unit": "msg/s",
            "ours": figures["ours"]["per_s"],
            "floor": figures["floor"]["per_s"],
            "ratio": figures["ours"]["per_s"] / figures["floor"]["per_s"],
        },
    ]


if __name__ == "__main__":
    who, kafka_address, mongo_address, name = sys.argv[1:]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    chosen = bench_topic(name)
    work = floor(kafka_address, chosen) if who == "floor" else ours(kafka_address, mongo_address, chosen)
    sys.stdout.write(json.dumps(asyncio.run(work)) + "\n")
