"""What the fenced consumer promises, on a real Kafka and a real mongod."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from faststream import BaseMiddleware
from pymongo.errors import AutoReconnect

from shared.contracts.topics import group
from shared.runtime.inbox import Halt
from tests.support.harness import (
    SITES,
    Counting,
    create,
    effects,
    event,
    eventually,
    lane_of,
    make_topic,
    member,
    produce,
    producer,
    read_all,
    record_of,
    settings,
    some_events,
)

pytestmark = pytest.mark.engines


async def test_a_batch_whose_first_try_fails_is_retried_and_applied_once(kafka_bootstrap, mongodb_uri, database_prefix):
    """A passing failure in the fold costs a second try, never an event."""
    topic = make_topic("retry")
    await create(kafka_bootstrap, topic)
    failures = 10

    def fail_first(_events):
        nonlocal failures
        if failures:
            failures -= 1
            raise AutoReconnect("invented")

    async with member(
        settings(kafka_bootstrap, mongodb_uri, database_prefix), [topic], Counting(fail_first)
    ) as runtime:
        await produce(kafka_bootstrap, topic, some_events(20))

        await eventually(lambda: _all_once(runtime, 480), what="480 effects, once each")
        assert failures == 0


@pytest.mark.parametrize("more", [True, False], ids=["more records follow", "it was the last batch"])
async def test_a_batch_lost_before_the_handler_is_read_again(kafka_bootstrap, mongodb_uri, database_prefix, more):
    """An error outside the handler moves the consumer's position on; the gap is seen and read again."""
    topic = make_topic("lost")
    await create(kafka_bootstrap, topic)
    losses = 3

    class Lossy(BaseMiddleware):
        async def consume_scope(self, call_next, msg):
            nonlocal losses
            if losses:
                losses -= 1
                raise RuntimeError("invented, outside the handler")
            return await call_next(msg)

    from shared.runtime.runtime import Runtime  # noqa: PLC0415 - the middleware must be added before the start

    runtime = Runtime("actions", settings(kafka_bootstrap, mongodb_uri, database_prefix), topics=[topic])
    runtime.consume(Counting())
    runtime.broker.add_middleware(Lossy)
    await produce(kafka_bootstrap, topic, some_events(10))
    await runtime.start()
    try:
        if more:
            await produce(kafka_bootstrap, topic, some_events(10, start=11))

        await eventually(lambda: _all_once(runtime, 480 if more else 240), what="every effect once")
        assert losses == 0
        assert await runtime.mongo.db["misorders"].count_documents({}) == 0
    finally:
        await runtime.stop()


async def test_poison_goes_to_the_dead_letter_and_the_rest_flows(kafka_bootstrap, mongodb_uri, database_prefix):
    """A broken body, a broken header, an unknown type, a tombstone and a marker cost no neighbour anything."""
    topic = make_topic("poison")
    await create(kafka_bootstrap, topic)
    good = some_events(5)
    lanes = {}
    for said in good:
        lanes.setdefault(lane_of(topic, said), []).append(record_of(topic, said))
    lane = next(iter(lanes))
    key, _value, headers = lanes[lane][0]
    lanes[lane] = [
        (key, b"{ not json", headers),
        (key, b'{"type":"ExposureRecorded","event_id":"x"}', [("bad", b"\xff\xfe"), ("null", None)]),
        (key, b'{"type":"SomethingNew","event_id":"x"}', headers),
        (key, None, headers),
        (b"__marker__", b"{}", headers),
        *lanes[lane],
    ]
    async with producer(kafka_bootstrap) as sender:
        await sender.send(lanes)

    async with member(settings(kafka_bootstrap, mongodb_uri, database_prefix), [topic], Counting()) as runtime:
        await eventually(lambda: _all_once(runtime, len(good)), what="the good ones, once each")
        dead = await read_all(kafka_bootstrap, topic.dead_letter("actions"), 2)

    assert [record.value for record in dead] == [b"{ not json", b'{"type":"ExposureRecorded","event_id":"x"}']
    reasons = [dict(record.headers) for record in dead]
    assert f"{lane[0]}/{lane[1]}/0".encode() == reasons[0]["dead_letter_origin"]
    assert reasons[0]["dead_letter_kind"] == b"undecodable"
    assert b"exposure: missing" in reasons[1]["dead_letter_reason"]


async def test_too_many_dead_letters_in_a_row_halt_the_consumer(kafka_bootstrap, mongodb_uri, database_prefix):
    """A bad release must not empty the log into the dead letter: nothing is passed over, readiness says why."""
    topic = make_topic("halt")
    await create(kafka_bootstrap, topic)
    said = event(SITES[0], 1)
    key, _, headers = record_of(topic, said)
    async with producer(kafka_bootstrap) as sender:
        await sender.send({lane_of(topic, said): [(key, b"junk", headers)] * 30})

    options = settings(kafka_bootstrap, mongodb_uri, database_prefix, dead_letters_in_a_row_max=20)
    async with member(options, [topic], Counting()) as runtime:
        await eventually(lambda: _true(runtime.inbox.halted is not None), what="the halt")

        assert "20 records in a row" in (await runtime.not_ready() or "")
        assert await runtime.mongo.db["outbox"].count_documents({}) == 0
        assert max((await runtime._ledger.places()).values(), default=0) == 0


async def test_three_members_come_and_go_and_keep_a_sites_topics_together(
    kafka_bootstrap, mongodb_uri, database_prefix
):
    """Rebalances lose and double nothing, and one member sees both topics of any site."""
    first, second = make_topic("left"), make_topic("right")
    await create(kafka_bootstrap, first, second)
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    fold = Counting()
    async with member(options, [first, second], fold) as one:
        await produce(kafka_bootstrap, first, some_events(20))
        async with member(options, [first, second], fold) as two:
            await produce(kafka_bootstrap, second, some_events(20))
            async with member(options, [first, second], fold) as three:
                await eventually(lambda: _true(all(_assigned(m) for m in (one, two, three))), what="three assignments")
                await produce(kafka_bootstrap, first, some_events(20, start=21))
                for runtime in (one, two, three):
                    shares = {
                        name: {p for topic, p in _assigned(runtime) if topic == name}
                        for name in (first.name, second.name)
                    }
                    assert shares[first.name] == shares[second.name]
                assert sum(len(_assigned(m)) for m in (one, two, three)) / 2 == 12
        await produce(kafka_bootstrap, second, some_events(20, start=21))

        await eventually(lambda: _all_once(one, 4 * 480, key_is_per_topic=True), what="all effects")
        assert await one.mongo.db["misorders"].count_documents({}) == 0


async def test_a_consumer_whose_state_was_dropped_reads_from_the_beginning(
    kafka_bootstrap, mongodb_uri, database_prefix
):
    """The fence is the truth: without it, everything is read again although Kafka knows a later offset."""
    topic = make_topic("rebuild")
    await create(kafka_bootstrap, topic)
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    await produce(kafka_bootstrap, topic, some_events(10))
    async with member(options, [topic], Counting()) as runtime:
        await eventually(lambda: _all_once(runtime, 240))
        await eventually(lambda: _committed(kafka_bootstrap, topic.name, 240), what="offsets committed for lag")
        for name in ("effects", "order", "fences"):
            await runtime.mongo.db[name].delete_many({})
    async with member(options, [topic], Counting()) as runtime:
        await eventually(lambda: _all_once(runtime, 240), what="the same effects again")


async def test_a_topic_that_was_made_anew_is_refused_at_start(kafka_bootstrap, mongodb_uri, database_prefix):
    """Same name, other id: starting would take new records for old ones, so it says so and does not start."""
    topic = make_topic("anew")
    await create(kafka_bootstrap, topic)
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    await produce(kafka_bootstrap, topic, some_events(2))
    async with member(options, [topic], Counting()) as runtime:
        await eventually(lambda: _all_once(runtime, 48))
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.delete_topics([topic.name, topic.dead_letter("actions")])
    await asyncio.sleep(1.0)
    await admin.close()
    await create(kafka_bootstrap, topic)

    with pytest.raises(Halt, match="was made anew"):
        async with member(options, [topic], Counting()):
            pass


async def test_a_topic_that_is_made_anew_under_a_running_consumer_stops_the_service(
    kafka_bootstrap, mongodb_uri, database_prefix, monkeypatch
):
    """Kafka's client resets its place silently; the fence knows better, and the service ends with what to do."""
    ended: list[int] = []
    monkeypatch.setattr("shared.runtime.start_checks.WATCH_EVERY_S", 1.0)
    monkeypatch.setattr("shared.runtime.runtime.os.kill", lambda _, number: ended.append(number))
    topic = make_topic("swapped")
    await create(kafka_bootstrap, topic)
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    await produce(kafka_bootstrap, topic, some_events(5))
    async with member(options, [topic], Counting()) as runtime:
        await eventually(lambda: _all_once(runtime, 120))
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
        await admin.start()
        await admin.delete_topics([topic.name, topic.dead_letter("actions")])
        await asyncio.sleep(1.0)
        await admin.close()
        await create(kafka_bootstrap, topic)
        await produce(kafka_bootstrap, topic, some_events(1, start=6))

        await eventually(lambda: _true(bool(ended)), within_s=60, what="the end of the service")
        assert topic.name in runtime._exit_reason
        assert "made anew" in runtime._exit_reason
        assert await _all_once(runtime, 120), "a record of the new topic was taken for one of the old"


async def test_a_consumer_whose_background_work_ended_by_an_error_ends_the_service(
    kafka_bootstrap, mongodb_uri, database_prefix, monkeypatch
):
    """Such a consumer never reads again, though the process lives: it ends, and whoever runs it starts it anew."""
    ended: list[int] = []
    monkeypatch.setattr("shared.runtime.runtime.os.kill", lambda _, number: ended.append(number))
    topic = make_topic("broken")
    await create(kafka_bootstrap, topic)
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    await produce(kafka_bootstrap, topic, some_events(5))

    async def break_off(*_: object) -> None:
        raise RuntimeError("invented")

    async with member(options, [topic], Counting()) as runtime:
        await eventually(lambda: _all_once(runtime, 120))
        coordinator = runtime.inbox.subscriber.consumer._coordinator

        async def has_ended() -> bool:
            return bool(ended)

        with monkeypatch.context() as broken:
            broken.setattr(coordinator._client, "coordinator_lookup", break_off)
            coordinator.coordinator_dead()
            await eventually(has_ended, within_s=60, what="the end of the service")
        assert "would never read again" in runtime._exit_reason


async def _true(value: bool) -> bool:
    return value


def _assigned(runtime) -> set:
    consumer = runtime.inbox.subscriber.consumer
    return set(consumer.assignment()) if consumer is not None else set()


async def _all_once(runtime, expected: int, key_is_per_topic: bool = False) -> bool:
    """Every event took effect exactly once; an event sent to two topics has the same id and counts twice."""
    counts = await effects(runtime)
    if key_is_per_topic:
        return counts == {2: expected // 2}
    assert set(counts) <= {1}, f"an effect was doubled: {counts}"
    return counts == {1: expected}


async def _committed(kafka: str, name: str, total: int) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        offsets = await admin.list_consumer_group_offsets(group("actions"))
        return total == sum(meta.offset for tp, meta in offsets.items() if tp.topic == name)
    finally:
        await admin.close()
