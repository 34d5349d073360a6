"""How a service starts and stops: it waits a bounded time, says what is missing, and finishes what it has in hand."""

from __future__ import annotations

import asyncio

import pytest

from shared.runtime.engines import EngineAway
from shared.runtime.runtime import Runtime
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
