"""Waiting for Kafka and MongoDB at start-up, for a bounded time, and saying which did not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from pymongo.errors import PyMongoError

from shared.kernel.clock import monotonic_s
from shared.runtime.access import Kafka, options_of
from shared.runtime.mongo import Mongo

PAUSE_S = 0.5


class EngineAway(SystemExit):
    """An engine did not answer in time; the process ends and whoever started it tries again."""


async def wait_for_kafka(kafka: Kafka, patience_s: float) -> None:
    """Wait until a broker answers a metadata request.

    Args:
        kafka: Where it is and how to sign in.
        patience_s: Longest time to wait.

    Raises:
        EngineAway: no answer in that time.
    """

    options = options_of(kafka)
    signs_in = "sasl_plain_username" in options
    refused = " Or it refused the sign-in (KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD)." if signs_in else ""
    if "ssl_context" in options:
        refused += " Or nobody whom we trust vouches for its certificate (KAFKA_SSL_CAFILE)."

    async def ask() -> None:
        client = AIOKafkaClient(**options)
        try:
            await client.bootstrap()
        finally:
            await client.close()

    await _wait(
        ask,
        patience_s,
        f"Kafka did not answer at {options['bootstrap_servers']}. Is it started? (KAFKA_BOOTSTRAP_SERVERS){refused}",
    )


async def wait_for_mongo(mongo: Mongo, patience_s: float) -> None:
    """Wait until the replica set has a primary that answers.

    Raises:
        EngineAway: no answer in `patience_s` seconds.
    """
    await _wait(
        mongo.ping, patience_s, "MongoDB has no primary that answers. Is the replica set started? (MONGODB_URI)"
    )


async def _wait(ask: Callable[[], Awaitable[None]], patience_s: float, otherwise: str) -> None:
    started_s = monotonic_s()
    while True:
        try:
            await ask()
            return
        except (KafkaError, PyMongoError, OSError) as error:
            if monotonic_s() - started_s > patience_s:
                raise EngineAway(
                    f"{otherwise} Waited {patience_s:.0f} s; last error: {type(error).__name__}"
                ) from error
        await asyncio.sleep(PAUSE_S)
