"""MongoDB: the one place that makes a client, and the transaction that everything is written in."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorDatabase
from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.database import Database as PymongoDatabase
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError
from pymongo.monitoring import CommandListener
from pymongo.read_concern import ReadConcern
from tenacity import (
    AsyncRetrying,
    Retrying,
    retry_if_exception,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from shared.kernel.errors import Unavailable

Session = AsyncIOMotorClientSession
Database = AsyncIOMotorDatabase[dict[str, Any]]
PlainDatabase = PymongoDatabase[dict[str, Any]]
"""The same database without an event loop, for work that has a thread of its own."""
PlainSession = ClientSession
T = TypeVar("T")

TRANSIENT_LABELS = ("TransientTransactionError", "UnknownTransactionCommitResult", "RetryableWriteError")
TRIES = 8
WAIT = wait_random_exponential(multiplier=0.02, max=1.0)
THREADS_MAX = 16
TURN_S = 0.001
"""So long one thread keeps the interpreter from another that has its answer from the database; by default it is 5 ms,
which a transaction of three commands waits for up to three times while the event loop is busy."""
MAJORITY = WriteConcern("majority", j=True)
SNAPSHOT = ReadConcern("snapshot")


def is_transient(error: BaseException) -> bool:
    """Tell whether the same work may succeed later: the engine is away, or two transactions met."""
    if isinstance(error, ConnectionFailure):
        return True
    return isinstance(error, PyMongoError) and any(error.has_error_label(label) for label in TRANSIENT_LABELS)


class Mongo:
    """A service's database; nothing connects before `open`.

    Args:
        uri: Connection string of a replica set.
        database: Name of the database.
        listeners: Told of every command: metrics, tracing.
    """

    def __init__(self, uri: str, database: str, listeners: Sequence[CommandListener] = ()) -> None:
        self._uri = uri
        self._name = database
        self._listeners = list(listeners)
        self._client: AsyncIOMotorClient[dict[str, Any]] | None = None
        self._threads: ThreadPoolExecutor | None = None

    def open(self) -> None:
        """Make the client; call it inside the running event loop."""
        self._client = AsyncIOMotorClient(
            self._uri,
            tz_aware=True,
            uuidRepresentation="standard",
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            socketTimeoutMS=20_000,
            w="majority",
            journal=True,
            event_listeners=self._listeners,
        )
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="mongo-transaction")
        sys.setswitchinterval(TURN_S)

    def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    @property
    def client(self) -> AsyncIOMotorClient[dict[str, Any]]:
        """Return the open client."""
        if self._client is None:
            raise RuntimeError("the MongoDB client is used before the app has started")
        return self._client

    @property
    def db(self) -> Database:
        """Return the service's database."""
        return self.client[self._name]

    async def ping(self) -> None:
        """Ask the primary for an answer; raises PyMongoError where there is none."""
        await self.client.admin.command("ping")

    async def in_transaction(
        self, work: Callable[[Session], Awaitable[T]], on_retry: Callable[[], None] | None = None
    ) -> T:
        """Run work in one snapshot transaction, written with majority and journal.

        The whole work runs again on a passing failure, so it must read what it decides by inside the
        session. Kept below a second: a process that dies inside one locks its documents until the
        server gives the transaction up.

        Args:
            work: Takes the session; every read and write in it must pass the session on.
            on_retry: Called before each further try.

        Returns:
            What the work returned.

        Raises:
            PyMongoError: a passing failure held on over all tries, or the failure is not a passing one.
        """
        async for attempt in AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=WAIT,
            retry=retry_if_exception(is_transient),
            reraise=True,
        ):
            if attempt.retry_state.attempt_number > 1 and on_retry is not None:
                on_retry()
            with attempt:
                return await self._once(work)
        raise AssertionError("unreachable: the last attempt re-raises")

    async def in_one_go(self, work: Callable[[PlainDatabase, PlainSession], T], within_s: float) -> T:
        """Run blocking work in one transaction as `in_transaction` does, all of it in one turn of a thread.

        Each step of a session costs a change of threads and back; a transaction of three writes takes five. Work that
        only reads and writes, and decides in between, needs none of them.

        Args:
            work: Takes the database and the session; every read and write in it must pass the session on. It must
                touch nothing that the event loop changes.
            within_s: After so long it is not tried again.

        Returns:
            What the work returned.

        Raises:
            PyMongoError: as `in_transaction`.
        """
        client = self.client.delegate
        tries = Retrying(
            stop=stop_after_attempt(TRIES) | stop_after_delay(within_s),
            wait=WAIT,
            retry=retry_if_exception(is_transient),
            reraise=True,
        )

        def once() -> T:
            with client.start_session() as session:
                session.start_transaction(read_concern=SNAPSHOT, write_concern=MAJORITY)
                result = work(client[self._name], session)  # a session that ends early aborts what it began
                _commit_plainly(session)
                return result

        context = copy_context()  # tracing knows the work in hand by it
        return await asyncio.get_running_loop().run_in_executor(self._threads, lambda: context.run(tries, once))

    async def _once(self, work: Callable[[Session], Awaitable[T]]) -> T:
        async with await self.client.start_session() as session:
            session.start_transaction(read_concern=SNAPSHOT, write_concern=MAJORITY)
            try:
                result = await work(session)
            except BaseException:
                await _abort(session)
                raise
            await _commit(session)
            return result


async def _abort(session: Session) -> None:
    try:
        await session.abort_transaction()
    except PyMongoError:
        return  # the server gives an unreachable transaction up by itself


async def _commit(session: Session) -> None:
    """Commit, and ask again where the answer was lost: committing twice is the same as once."""
    for _ in range(3):
        try:
            await session.commit_transaction()
            return
        except (ConnectionFailure, OperationFailure) as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
    await session.commit_transaction()


def _commit_plainly(session: PlainSession) -> None:
    """Commit as `_commit` does, without an event loop."""
    for _ in range(3):
        try:
            session.commit_transaction()
            return
        except (ConnectionFailure, OperationFailure) as error:
            if not error.has_error_label("UnknownTransactionCommitResult"):
                raise
    session.commit_transaction()


async def translate(work: Awaitable[T]) -> T:
    """Await work for a request and say "MongoDB cannot be reached" where that is so.

    Raises:
        Unavailable: the engine did not answer; nothing or everything of the work was written.
    """
    try:
        return await work
    except PyMongoError as error:
        if is_transient(error):
            raise Unavailable("the database cannot be reached") from error
        raise
