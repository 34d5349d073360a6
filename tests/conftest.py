"""Fixtures: one real Kafka and one real mongod for the whole run, a database prefix of its own for each test."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.local.engines import Engines
from shared.runtime.provision import provision_topics
from tests.support.system import System

_NUMBER = itertools.count(1)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """Real engines over a temporary folder, or those that the environment names."""
    running = Engines(tmp_path_factory.mktemp("engines"))
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def mongodb_uri(engines: Engines) -> str:
    return engines.mongodb_uri


@pytest.fixture(scope="session")
async def kafka_bootstrap(engines: Engines) -> str:
    await provision_topics(engines.kafka_bootstrap)
    return engines.kafka_bootstrap


@pytest.fixture
async def database_prefix(mongodb_uri: str) -> AsyncIterator[str]:
    prefix = f"t{os.getpid()}_{next(_NUMBER)}_"
    yield prefix
    client: AsyncIOMotorClient = AsyncIOMotorClient(mongodb_uri)
    for name in await client.list_database_names():
        if name.startswith(prefix):
            await client.drop_database(name)
    client.close()


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data; tests that need it are skipped where it is absent."""
    root = Path(__file__).resolve().parent.parent
    folder = Path(os.environ.get("NEARMISS_REAL_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real data folder is not here (NEARMISS_REAL_DATA, now {folder.name})")
    return folder


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Everything as processes, with the demo's data loaded; shared by the tests that look from outside."""
    os.environ.setdefault("NEARMISS_SESSION_TIMEOUT_MS", "6000")
    running = System(tmp_path_factory.mktemp("system"))
    running.bring_up()
    yield running
    running.close()
