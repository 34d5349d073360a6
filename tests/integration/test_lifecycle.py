"""How a service starts and stops: it waits a bounded time, says what is missing, and finishes what it has in hand."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import mongo
from shared.runtime.engines import EngineAway
from shared.runtime.inbox import Halt
from shared.runtime.provision import WrongTopic, provision_topics
from shared.runtime.runtime import Runtime
from shared.runtime.start_checks import EngineUnfit, check_topics
from shared.runtime.topic_ids import TopicIdsRequest
from tests.support.harness import (
    Counting,
    create,
    effects,
    eventually,
    make_topic,
    member,
    produce,
    settings,
    some_events,
)

pytestmark = pytest.mark.engines


@pytest.mark.parametrize("away", ["kafka", "mongo", "topic"])
async def test_a_start_without_its_engines_ends_in_time_and_names_what_is_missing(
    kafka_bootstrap, mongodb_uri, database_prefix, away
):
    """Who runs it starts it again; the message says which engine, where, and which setting."""
    kafka = "127.0.0.1:9" if away == "kafka" else kafka_bootstrap
    mongo = "mongodb://127.0.0.1:9/?replicaSet=rs0" if away == "mongo" else mongodb_uri
    said = {
        "kafka": r"Kafka did not answer at 127\.0\.0\.1:9.*KAFKA_BOOTSTRAP_SERVERS",
        "mongo": r"MongoDB has no primary.*MONGODB_URI",
        "topic": r"do not exist: run python -m shared\.runtime\.provision",
    }
    runtime = Runtime(
        "actions", settings(kafka, mongo, database_prefix, engines_wait_s=1), topics=[make_topic("missing")]
    )
    runtime.consume(Counting())

    started_s = asyncio.get_running_loop().time()
    with pytest.raises(EngineAway, match=said[away]):
        await runtime.start()
    await runtime.stop()

    assert asyncio.get_running_loop().time() - started_s < 20


async def test_a_stop_finishes_the_batch_in_hand_and_the_next_member_has_nothing_to_repeat(
    kafka_bootstrap, mongodb_uri, database_prefix
):
    """SIGTERM in the middle of a batch costs nothing: it is applied, its place is stored and committed."""
    topic = make_topic("drain")
    await create(kafka_bootstrap, topic)
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    in_hand = asyncio.Event()

    class Slow(Counting):
        async def __call__(self, events, tx):
            in_hand.set()
            await asyncio.sleep(0.5)
            await super().__call__(events, tx)

    await produce(kafka_bootstrap, topic, some_events(5))
    async with member(options, [topic], Slow()) as runtime:
        await asyncio.wait_for(in_hand.wait(), 20)
    async with member(options, [topic], Counting()) as runtime:
        places = await runtime._ledger.places()
        assert sum(places.values()) > 0, "the batch in hand was thrown away"
        await eventually(lambda: _all_once(runtime), what="all effects once")
        rewinds = runtime.metrics.registry.get_sample_value(
            "nearmiss_rewinds_total", {"service": "actions", "what": "below"}
        )
        assert not rewinds, "the stop did not commit what it had applied"


async def _all_once(runtime) -> bool:
    counts = await effects(runtime)
    assert set(counts) <= {1}
    return counts == {1: 120}


@pytest.mark.parametrize("role", ["reads", "writes"])
async def test_a_topic_with_the_wrong_partitions_stops_the_start(
    kafka_bootstrap, mongodb_uri, database_prefix, monkeypatch, role
):
    """Sites would move between partitions while their fences stay: the service says which topic and what to do."""
    topic, sound = make_topic("narrow"), make_topic("sound")
    if role == "writes":
        monkeypatch.setattr("shared.runtime.runtime.outputs_of", lambda *_: (topic,))
    await create(kafka_bootstrap, sound)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic.name, 6, 1)])
    await admin.close()
    read = topic if role == "reads" else sound
    runtime = Runtime("actions", settings(kafka_bootstrap, mongodb_uri, database_prefix), topics=[read])
    runtime.consume(Counting())

    with pytest.raises(Halt, match=f"{topic.name} has 6, not 12.*shared.runtime.provision"):
        await runtime.start()
    await runtime.stop()


async def test_provisioning_refuses_a_topic_with_the_wrong_partitions(kafka_bootstrap, monkeypatch):
    """It changes nothing that is there, and says which and what to do."""
    wrong = make_topic("narrow-there")
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(wrong.name, 6, 1)])
    await admin.close()
    monkeypatch.setattr("shared.runtime.provision.TOPICS", (wrong,))

    with pytest.raises(WrongTopic, match=rf"{wrong.name} has 6 partitions.*12.*new major version"):
        await provision_topics(kafka_bootstrap)


async def test_a_single_mongod_is_refused_at_the_start(kafka_bootstrap, tmp_path, database_prefix):
    """Without a replica set there are no transactions: said at once, not with the first report."""
    with single_mongod(tmp_path) as uri:
        runtime = Runtime("actions", settings(kafka_bootstrap, uri, database_prefix), topics=[make_topic("alone")])
        runtime.consume(Counting())
        with pytest.raises(EngineUnfit, match="transactions need a replica set"):
            await runtime.start()
        await runtime.stop()


async def test_a_broker_that_is_too_old_is_refused_at_the_start(mongodb_uri, database_prefix):
    """A broker that speaks an older Metadata than Kafka 2.8 tells no topic ids, so nothing could be fenced."""

    class Old:
        def get_random_node(self) -> int:
            return 0

        async def send(self, _: int, request: TopicIdsRequest) -> object:
            return request.prepare({3: (0, 9)})

    with pytest.raises(EngineUnfit, match=r"Kafka is too old.*KAFKA_BOOTSTRAP_SERVERS"):
        await check_topics(Old(), {"t": make_topic("old")}, 1.0)


@contextmanager
def single_mongod(folder: Path) -> Iterator[str]:
    """A real mongod that is no replica set."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(mongo.binary()), "--dbpath", str(folder), "--port", str(port), "--bind_ip", "127.0.0.1"]
    with subprocess.Popen([*command, "--wiredTigerCacheSizeGB", "0.25"], stdout=subprocess.DEVNULL) as process:
        try:
            yield f"mongodb://127.0.0.1:{port}/"
        finally:
            process.terminate()
