"""Where each service stands is read from a real Kafka: what waits, and what was refused."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.reporting.adapters.pipeline import Pipeline
from shared.contracts.topics import EXPOSURE, SERVICES, group, inputs_of
from shared.kernel.errors import Unavailable
from shared.runtime.stages import Stage, look_at_stages

pytestmark = pytest.mark.engines
LANE = TopicPartition(EXPOSURE.name, 11)


async def standing(bootstrap: str) -> Stage:
    """Where reporting stands, once the broker can tell of groups: a fresh one makes their topic when first asked."""
    async with asyncio.timeout(60):
        while True:
            try:
                return next(stage for stage in await look_at_stages(bootstrap) if stage.service == "reporting")
            except Unavailable:
                await asyncio.sleep(0.5)


async def test_records_wait_until_they_are_noted_and_refused_ones_are_counted(kafka_bootstrap: str) -> None:
    """Two records more wait; one of them noted, one waits; a dead letter counts as refused."""
    before = await standing(kafka_bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap)
    await producer.start()
    try:
        for _ in range(2):
            last = await producer.send_and_wait(EXPOSURE.name, b"{}", partition=LANE.partition)
        await producer.send_and_wait(EXPOSURE.dead_letter("reporting"), b"{}", partition=0)
    finally:
        await producer.stop()
    waiting = await standing(kafka_bootstrap)
    assert (waiting.waiting, waiting.dead_letters) == (before.waiting + 2, before.dead_letters + 1)

    consumer = AIOKafkaConsumer(
        bootstrap_servers=kafka_bootstrap, group_id=group("reporting"), enable_auto_commit=False
    )
    await consumer.start()
    try:
        consumer.assign([LANE])
        await consumer.commit({LANE: last.offset})
    finally:
        await consumer.stop()
    assert (await standing(kafka_bootstrap)).waiting == before.waiting + 1


async def test_every_service_that_reads_the_log_is_told(kafka_bootstrap: str) -> None:
    """In the registry's order, as the page shows them; what was seen once stays until the next look."""
    await standing(kafka_bootstrap)
    pipeline = Pipeline(kafka_bootstrap)
    assert pipeline.standings() is None
    await pipeline.look()
    assert [one.service for one in pipeline.standings() or ()] == [name for name in SERVICES if inputs_of(name)]


async def test_without_kafka_nothing_is_claimed() -> None:
    """The command says that Kafka does not answer; the page says that nothing is known."""
    with pytest.raises(Unavailable):
        await look_at_stages("127.0.0.1:1")
    pipeline = Pipeline("127.0.0.1:1")
    await pipeline.look()
    assert pipeline.standings() is None
