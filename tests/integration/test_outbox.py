"""What the outbox relay promises, on a real Kafka and a real mongod."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError, KafkaError, MessageSizeTooLargeError, TopicAuthorizationFailedError

from shared.contracts.topics import Topic
from shared.kernel.clock import SystemClock
from shared.kernel.errors import Invalid
from shared.runtime import outbox
from shared.runtime.kafka import partition_of
from shared.runtime.metrics import Metrics
from shared.runtime.mongo import Mongo
from shared.runtime.outbox import OutboxRow, Relay, Tick
from shared.runtime.packs import Pack
from shared.runtime.passing import is_passing
from tests.support.harness import create, event, eventually, make_topic, producer, read_all

pytestmark = pytest.mark.engines
ROWS = 400


async def _fill(mongo: Mongo, topic: Topic, sites: int = 4, rows: int = ROWS) -> None:
    """Write rows of some aggregates, several of them within the same millisecond."""

    async def work(session):
        ticks: dict[str, Tick] = {}
        written = []
        for number in range(rows):
            site = f"site-{number % sites}"
            ticks[site] = Tick.after(ticks[site].stored() if site in ticks else None, 1_700_000_000_000 + number // 50)
            written.append(OutboxRow.for_event(topic, event(site, ticks[site].seq), site, ticks[site], "intake"))
        await outbox.write(mongo, session, written)

    await mongo.in_transaction(work)


@pytest.fixture
async def mongo(mongodb_uri, database_prefix):
    opened = Mongo(mongodb_uri, f"{database_prefix}outbox")
    opened.open()
    await opened.db.create_collection("outbox")
    yield opened
    opened.close()


def _relay(mongo, sender, holder="one", rows=50) -> Relay:
    return Relay("intake", holder, mongo, sender, Metrics("intake"), SystemClock(), rows, 1_000)


async def test_the_outbox_is_sent_in_the_order_of_each_aggregate_and_emptied(kafka_bootstrap, mongo):
    """Nothing is left behind and no event of a site overtakes another."""
    topic = make_topic("order")
    await create(kafka_bootstrap, topic)
    await _fill(mongo, topic)
    async with producer(kafka_bootstrap) as sender:
        relay = _relay(mongo, sender)
        running = asyncio.create_task(relay.run())
        await eventually(lambda: _empty(mongo), what="an empty outbox")
        await relay.stop()
        await running

    sent = [topic.decode(record.value) for record in await read_all(kafka_bootstrap, topic.name, ROWS)]
    assert len(sent) == ROWS
    for site in {said.site_id for said in sent}:
        numbers = [said.exposure.revision for said in sent if said.site_id == site]
        assert numbers == list(range(1, ROWS // 4 + 1))


async def test_a_crash_between_acknowledgement_and_deletion_repeats_the_same_ids(kafka_bootstrap, mongo):
    """What is sent twice has the same event ids and, after dropping repeats, the same order."""
    topic = make_topic("repeat")
    await create(kafka_bootstrap, topic)
    await _fill(mongo, topic)
    async with producer(kafka_bootstrap) as sender:
        dying = _relay(mongo, sender)
        send = sender.send

        async def send_then_die(lanes, within_s):
            await send(lanes, within_s)
            raise ConnectionResetError("invented: killed before the deletion")

        sender.send = send_then_die
        for _ in range(3):
            with pytest.raises(ConnectionResetError):
                await dying._round()
        sender.send = send
        running = asyncio.create_task(dying.run())
        await eventually(lambda: _empty(mongo), what="an empty outbox")
        await dying.stop()
        await running

    records = await read_all(kafka_bootstrap, topic.name, ROWS + 150)
    assert len(records) == ROWS + 150
    unique = list(dict.fromkeys(topic.decode(record.value).event_id for record in records))
    assert len(unique) == ROWS
    for site in range(4):
        assert [event(f"site-{site}", n).event_id for n in range(1, ROWS // 4 + 1)] == [
            found for found in unique if found in {event(f"site-{site}", n).event_id for n in range(1, ROWS // 4 + 1)}
        ]


async def test_only_the_holder_of_the_lease_sends(kafka_bootstrap, mongo):
    """Two relays over one outbox send every row once; a holder that lets go is followed at once."""
    topic = make_topic("lease")
    await create(kafka_bootstrap, topic)
    async with producer(kafka_bootstrap) as first, producer(kafka_bootstrap) as second:
        one, two = _relay(mongo, first), _relay(mongo, second, "two")
        await one._round()
        await _fill(mongo, topic, rows=100)
        while not await one._round():
            await asyncio.sleep(0.05)

        assert await two._round() == 0
        await one.release()
        while not await two._round():
            await asyncio.sleep(0.05)
        assert await _empty(mongo)

    assert len(await read_all(kafka_bootstrap, topic.name, 101, within_s=3)) == 100


async def test_the_relay_waits_while_kafka_refuses(kafka_bootstrap, mongo):
    """A refused send leaves the rows where they are; they go out when Kafka takes them again."""
    topic = make_topic("refused")
    await create(kafka_bootstrap, topic)
    await _fill(mongo, topic, rows=60)
    async with producer(kafka_bootstrap) as sender:
        relay, send, refusals = _relay(mongo, sender), sender.send, 3

        async def refuse(lanes, within_s):
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise KafkaError("invented")
            await send(lanes, within_s)

        sender.send = refuse
        running = asyncio.create_task(relay.run())
        await eventually(lambda: _empty(mongo), what="an empty outbox")
        await relay.stop()
        await running

    assert refusals == 0
    assert len(await read_all(kafka_bootstrap, topic.name, 60)) == 60


async def test_a_send_that_hangs_is_given_up_while_the_lease_still_holds(kafka_bootstrap, mongo):
    """What a stalled holder sent later could land behind its successor's newer events; it sends nothing later."""
    topic = make_topic("hang")
    await create(kafka_bootstrap, topic)
    await _fill(mongo, topic, rows=60)
    async with producer(kafka_bootstrap) as sender:
        relay, real, waited_s = _relay(mongo, sender), sender._send, []

        async def hang_once(connection, lanes):
            if not waited_s:
                started = asyncio.get_running_loop().time()
                try:
                    await asyncio.sleep(60)
                finally:
                    waited_s.append(asyncio.get_running_loop().time() - started)
            await real(connection, lanes)

        sender._send = hang_once
        running = asyncio.create_task(relay.run())
        await eventually(lambda: _empty(mongo), what="an empty outbox")
        await relay.stop()
        await running

    assert waited_s[0] <= 1.0, "the send outlived the lease of one second"
    assert len(await read_all(kafka_bootstrap, topic.name, 60)) == 60


async def test_packs_are_counted_and_sent_event_by_event_before_what_follows_them(kafka_bootstrap, mongo):
    """The depth tells events and not documents; of each site what its pack says comes before its later rows."""
    topic = make_topic("packs")
    await create(kafka_bootstrap, topic)
    sites, at_ms = [f"site-{number}" for number in range(120)], 1_700_000_000_000
    packs: list[Pack] = []
    for site in sites:
        said = event(site, 1)
        if not packs or not packs[-1].takes(said.recorded_at, None):
            packs.append(Pack(topic, said.type, said.recorded_at, "intake", None, site))
        place = partition_of(f"{said.provider_id}:{site}", topic.partitions)
        body = said.model_dump_json().encode()
        packs[-1].add(said.event_id.encode(), said.subject().encode(), topic.key(said).encode(), place, body)
    later = [OutboxRow.for_event(topic, event(site, 2), site, Tick(at_ms + 1, 2), "intake") for site in sites]
    rows = [*(row.document() for row in later), *(pack.document(at_ms) for pack in reversed(packs))]
    await outbox.prepare(mongo.db)
    await mongo.db["outbox"].insert_many(rows)
    assert len(packs) == 3
    assert await outbox.depth(mongo.db) == 240
    plan = await mongo.db.command("explain", {"count": "outbox", "query": {"rows": {"$gte": 2}}})
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])

    async with producer(kafka_bootstrap) as sender:
        relay = _relay(mongo, sender)
        running = asyncio.create_task(relay.run())
        await eventually(lambda: _empty(mongo), what="an empty outbox")
        await relay.stop()
        await running

    records = await read_all(kafka_bootstrap, topic.name, 240)
    assert len(records) == 240
    sent = [topic.decode(record.value) for record in records]
    for site in sites:
        assert [said.exposure.revision for said in sent if said.site_id == site] == [1, 2]
    for record, said in zip(records, sent, strict=True):
        headers = dict(record.headers)
        assert (headers["ce_id"].decode(), headers["ce_subject"].decode()) == (said.event_id, said.subject())


def test_an_event_larger_than_kafka_takes_is_refused_before_it_is_promised():
    """It would stand in the outbox for ever and hold up everything behind it."""
    topic = make_topic("large")
    said = event("s", 1)
    huge = said.model_copy(update={"exposure": said.exposure.model_copy(update={"unit": "x" * 1_000_000})})

    with pytest.raises(Invalid, match="larger than"):
        OutboxRow.for_event(topic, huge, "s", Tick(1, 1), "intake")


def test_what_kafka_refuses_for_ever_is_not_waited_for():
    """Waiting for it would look like health."""
    assert not is_passing(MessageSizeTooLargeError())
    assert not is_passing(TopicAuthorizationFailedError())
    assert is_passing(KafkaConnectionError())
    assert is_passing(TimeoutError())


def test_a_service_may_not_publish_anothers_topic():
    """The refusal names the topic, its owner and the file to look at."""
    topic = make_topic("owner")

    with pytest.raises(PermissionError, match=r"its producer is intake .*topics\.py"):
        OutboxRow.for_event(topic, event("s", 1), "s", Tick(1, 1), "actions")


async def _empty(mongo: Mongo) -> bool:
    return await mongo.db["outbox"].count_documents({}) == 0
