"""Single reports over HTTP, redaction and vault included, against a bare handler with one grouped insert.

Ours is the whole edge: limits, key, checks, redaction, two data keys, one transaction of report, claim and outbox row.
The floor is a FastAPI handler that takes the body and inserts one document of the size of ours and its outbox row
together (majority, journaled); what arrived while an insert ran is the next one, as here. Each is a process of its own
behind uvicorn, as it is run: ours with the garbage search as its runtime sets it, the floor with Python's own setting;
the same client sends to both in turn, over as many connections at once. Compared is the CPU time of the serving process
per report, which leaves MongoDB's own work and other load on the machine out; the clock's figure stands beside it.
The relay to Kafka runs in neither.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import uvicorn
import uvloop
from fastapi import FastAPI, Request, Response
from motor.motor_asyncio import AsyncIOMotorClient

from services.intake.usecases.groups import Groups, as_they_are

REQUESTS = 1_500
ROUNDS = 4
AT_ONCE = 64
DOCUMENT_BYTES = 2_580
"""What a report of the demo's texts comes to in MongoDB: its document with sealed originals, its part of the outbox."""
DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.ndjson"
UNLIMITED = 10_000_000
"""Calls a minute: one key sends what many would."""


def bare(collection: Any) -> FastAPI:
    """Build the floor: take the body, insert it with what came meanwhile, answer."""
    app = FastAPI()

    async def commit(documents: Sequence[dict[str, Any]]) -> Sequence[None]:
        await collection.insert_many(list(documents), ordered=False)
        return [None] * len(documents)

    groups: Groups[dict[str, Any], dict[str, Any], None] = Groups(as_they_are, commit, 500, 5_000)

    @app.post("/v1/reports", status_code=202)
    async def take(request: Request) -> Response:
        await groups.submit([{"body": (await request.body()).ljust(DOCUMENT_BYTES)}])
        return Response(status_code=202)

    return app


@asynccontextmanager
async def prepared(who: str, mongo: str, prefix: str) -> AsyncIterator[tuple[FastAPI, str]]:
    """Give the app of one side over its own database, and a key that it takes."""
    if who == "floor":
        client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo, w="majority", journal=True)
        yield bare(client[f"{prefix}floor"]["taken"]), "none"
        client.close()
        return
    # The floor is a process without the service in it.
    from shared.runtime.memory import settle  # noqa: PLC0415 - see above
    from tests.support.intake import running  # noqa: PLC0415 - see above

    async with running(mongo, prefix, calls_per_minute=UNLIMITED) as intake:
        await intake.register()
        settle()  # as the runtime does once it has started
        yield intake.app, await intake.key("feed")


async def serve(who: str, mongo: str, prefix: str) -> None:
    """Serve one side until the process is stopped; says its port and key."""
    async with prepared(who, mongo, prefix) as (app, key):
        config = uvicorn.Config(app, "127.0.0.1", 0, lifespan="off", log_level="warning", access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        sys.stdout.write(json.dumps({"port": port, "key": key}) + "\n")
        sys.stdout.flush()
        await serving


class Side:
    """One side as a process.

    Args:
        who: ours or floor.
        mongo: Address of MongoDB.
        prefix: Of its databases.
    """

    def __init__(self, who: str, mongo: str, prefix: str) -> None:
        command = [sys.executable, "-m", "tests.benchmarks.intake_single", who, mongo, prefix]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self._port, self._key = said["port"], said["key"]
        self._watched = psutil.Process(self._process.pid)
        self.cpu_us: list[float] = []
        self.per_s: list[float] = []

    def send(self, bodies: Sequence[bytes]) -> None:
        """Send all bodies, so many at once, and note what each cost."""
        before, started_s = self._spent_s(), time.perf_counter()
        uvloop.run(self._send(bodies))
        self.per_s.append(len(bodies) / (time.perf_counter() - started_s))
        self.cpu_us.append((self._spent_s() - before) / len(bodies) * 1e6)

    async def _send(self, bodies: Sequence[bytes]) -> None:
        waiting = iter(bodies)

        async def sender() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            for body in waiting:
                head = (
                    f"POST /v1/reports HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self._key}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                writer.write(head.encode() + body)
                answer = (await reader.readuntil(b"\r\n\r\n")).lower()
                assert answer.startswith(b"http/1.1 202"), answer
                length = answer.partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
            writer.close()

        await asyncio.gather(*(sender() for _ in range(AT_ONCE)))

    def _spent_s(self) -> float:
        times = self._watched.cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        """Stop the process."""
        self._process.terminate()
        self._process.wait(20)


async def forget(mongo: str, prefix: str) -> None:
    """Drop the databases of the run."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo)
    for name in await client.list_database_names():
        if name.startswith(prefix):
            await client.drop_database(name)
    client.close()


def run(_: str, mongo: str) -> list[dict[str, Any]]:
    """Run both in turn and return the benchmark's rows.

    Args:
        mongo: Address of MongoDB.
    """
    texts = [json.loads(line)["text"] for line in DEMO.read_text().splitlines()]
    prefix = f"bench{datetime.now(UTC):%H%M%S}_"
    sides = [Side("ours", mongo, prefix), Side("floor", mongo, prefix)]
    try:
        for number in range(ROUNDS + 1):
            said = [texts[(number * REQUESTS + n) % len(texts)] for n in range(REQUESTS)]
            bodies = [json.dumps({"site_id": "elm", "text": text, "worry": 2}).encode() for text in said]
            for side in sides:
                side.send(bodies)
    finally:
        for side in sides:
            side.stop()
        asyncio.run(forget(mongo, prefix))
    # The first round warms both up.
    ours_us, floor_us = (statistics.median(side.cpu_us[1:]) for side in sides)
    ours_per_s, floor_per_s = (statistics.median(side.per_s[1:]) for side in sides)
    what = "intake: one report over HTTP, redaction and vault included, against a bare handler"
    return [
        {"what": what, "unit": "CPU us a report", "ours": ours_us, "floor": floor_us, "ratio": floor_us / ours_us},
        {
            "what": f"the same by the clock, {AT_ONCE} at once",
            "unit": "report/s",
            "ours": ours_per_s,
            "floor": floor_per_s,
            "ratio": ours_per_s / floor_per_s,
        },
    ]


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
