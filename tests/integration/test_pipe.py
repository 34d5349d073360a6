"""What the hot path from Kafka to Kafka promises, on a real broker."""

from __future__ import annotations

from collections import Counter

import pytest
from aiokafka.errors import KafkaConnectionError
from faststream import BaseMiddleware

from shared.contracts.topics import group
from shared.kernel.ids import event_id
from shared.runtime import releases
from shared.runtime.runtime import Runtime
from tests.support.harness import MOMENT, create, eventually, make_topic, produce, read_all, settings, some_events

pytestmark = pytest.mark.engines


def echo(out: str):
    """A transform that answers each event with one whose id is derived from it."""

    def transform(events):
        for received in events:
            identity = event_id("Echo", received.event.event_id, 1).encode()
            yield out, received.record.partition, (received.record.key, identity, [])

    return transform


async def test_a_crash_between_publish_and_commit_says_the_same_ids_again(
    kafka_bootstrap, mongodb_uri, database_prefix
):
    """What was published and not committed is published again under the same ids; a reader by id sees no double."""
    source, out = make_topic("source"), make_topic("echo")
    await create(kafka_bootstrap, source, out)
    await produce(kafka_bootstrap, source, some_events(10))
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)

    dying = Runtime("actions", options, topics=[source])
    dying.pipe(echo(out.name))
    send = dying.producer.send
    crashes = 0

    async def send_and_lose_the_answer(lanes, within_s=30):
        nonlocal crashes
        await send(lanes)
        crashes += 1
        raise KafkaConnectionError("invented: the process ended after the acknowledgement")

    dying.producer.send = send_and_lose_the_answer
    await dying.start()
    await eventually(lambda: _true(crashes >= 2), what="two crashes")
    await dying.stop()

    successor = Runtime("actions", options, topics=[source])
    successor.pipe(echo(out.name))
    await successor.start()
    await eventually(lambda: _published(successor, out.name, 240), what="the rest")
    await successor.stop()
    found = Counter(record.value.decode() for record in await read_all(kafka_bootstrap, out.name, 241, within_s=5))

    assert set(found) == {event_id("Echo", said.event_id, 1) for said in some_events(10)}
    assert max(found.values()) >= 2, "the crash did not repeat anything: the test proves nothing"


async def test_a_batch_lost_before_the_handler_is_not_committed_past(kafka_bootstrap, mongodb_uri, database_prefix):
    """The hot path has the same gap check as the fenced one."""
    source, out = make_topic("source"), make_topic("echo")
    await create(kafka_bootstrap, source, out)
    runtime = Runtime("actions", settings(kafka_bootstrap, mongodb_uri, database_prefix), topics=[source])
    runtime.pipe(echo(out.name))
    losses = 2

    class Lossy(BaseMiddleware):
        async def consume_scope(self, call_next, msg):
            nonlocal losses
            if losses:
                losses -= 1
                raise RuntimeError("invented, outside the handler")
            return await call_next(msg)

    runtime.broker.add_middleware(Lossy)
    await produce(kafka_bootstrap, source, some_events(5))
    await runtime.start()
    await produce(kafka_bootstrap, source, some_events(5, start=6))
    await eventually(lambda: _published(runtime, out.name, 240), what="all echoes")
    await runtime.stop()
    found = Counter(record.value.decode() for record in await read_all(kafka_bootstrap, out.name, 240))

    assert found == Counter(event_id("Echo", said.event_id, 1) for said in some_events(10))


async def test_poison_goes_to_the_dead_letter_before_the_commit(kafka_bootstrap, mongodb_uri, database_prefix):
    """An unreadable body is set aside with its reason; its neighbours are answered."""
    from tests.support.harness import lane_of, producer, record_of  # noqa: PLC0415 - only here

    source, out = make_topic("source"), make_topic("echo")
    await create(kafka_bootstrap, source, out)
    said = some_events(1)[0]
    key, value, headers = record_of(source, said)
    async with producer(kafka_bootstrap) as sender:
        await sender.send({lane_of(source, said): [(key, b"junk", headers), (key, value, headers)]})
    runtime = Runtime("actions", settings(kafka_bootstrap, mongodb_uri, database_prefix), topics=[source])
    runtime.pipe(echo(out.name))
    await runtime.start()
    dead = await read_all(kafka_bootstrap, source.dead_letter("actions"), 1)
    await eventually(lambda: _published(runtime, out.name, 1), what="the neighbour's answer")
    await runtime.stop()

    assert [record.value for record in dead] == [b"junk"]
    assert dict(dead[0].headers)["dead_letter_origin"].endswith(b"/0")
    assert group("actions") == "nearmiss.actions"


async def _true(value: bool) -> bool:
    return value


async def _published(runtime: Runtime, topic: str, number: int) -> bool:
    return runtime.metrics.published.labels("actions", topic)._value.get() >= number


async def test_a_bug_parks_its_record_and_the_mended_release_publishes_it(
    kafka_bootstrap, mongodb_uri, database_prefix
):
    """One record waits aside while all others are answered; released after the mend, it is answered once."""
    source, out = make_topic("source"), make_topic("echo")
    await create(kafka_bootstrap, source, out)
    victim = some_events(10)[77].event_id
    broken = True

    def transform(events):
        if broken and any(received.event.event_id == victim for received in events):
            raise ZeroDivisionError("invented bug")
        yield from echo(out.name)(events)

    runtime = Runtime("actions", settings(kafka_bootstrap, mongodb_uri, database_prefix), topics=[source])
    runtime.pipe(transform)
    await runtime.start()
    await produce(kafka_bootstrap, source, some_events(10))
    await eventually(lambda: _published(runtime, out.name, 239), what="all others")
    row = await runtime.mongo.db["parked"].find_one({})
    assert (row["reason"], await runtime.mongo.db["parked"].count_documents({})) == ("ZeroDivisionError", 1)

    broken = False
    await releases.ask(runtime.mongo.db, "actions", row["fence"], row["site"], "a test", MOMENT)
    await eventually(lambda: _published(runtime, out.name, 240), what="the parked one")
    assert await runtime.mongo.db["parked"].count_documents({}) == 0
    await runtime.stop()
    found = Counter(record.value.decode() for record in await read_all(kafka_bootstrap, out.name, 240, within_s=5))
    assert found == Counter(event_id("Echo", said.event_id, 1) for said in some_events(10))
