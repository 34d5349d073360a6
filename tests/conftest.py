"""Fixtures: one real Kafka and one real mongod for the whole run, a database prefix of its own for each test."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import structlog
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.local.engines import Engines
from deploy.local.styles import ensure_styles
from shared.runtime.provision import provision_topics
from tests.support.browser import Looker, open_browser
from tests.support.system import System

_NUMBER = itertools.count(1)
_MEMORY = Path("/dev/shm")
_MEMORY_FREE_MIN_BYTES = 8 << 30


def pytest_configure() -> None:
    """Put the pages' component styles in their place; on a fresh clone they are fetched once."""
    ensure_styles()


# Pictures of all local variables, the default, take so long to draw that a consumer under test misses its heartbeats.
structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@contextmanager
def _folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A folder for engines: in memory where there is plenty, for syncing a disk is most of a test's time."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < _MEMORY_FREE_MIN_BYTES:
        yield factory.mktemp(name)
        return
    folder = Path(tempfile.mkdtemp(prefix=f"nearmiss-{name}-", dir=_MEMORY))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engines]:
    """Real engines over a folder of their own, or those that the environment names."""
    with _folder(tmp_path_factory, "engines") as folder:
        running = Engines(folder)
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
async def browser() -> AsyncIterator[Looker]:
    """The system's Chromium, once for the whole run; see tests/support/browser.py."""
    async with open_browser() as looker:
        yield looker


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
    with _folder(tmp_path_factory, "system") as folder:
        running = System(folder)
        running.bring_up()
        yield running
        running.close()
