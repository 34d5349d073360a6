"""Imports: as shipped, and with redaction off against a loop that reads, bulk-inserts and sends the same bytes.

Ours is the whole service in one process: HTTP, checks, redaction, vault, transactions, the outbox and its relay to
Kafka. The floor reads the same file line by line, inserts documents of the same size (majority, journaled, as many at
once as ours) and sends records of the same size with aiokafka. Each runs as a process of its own on one core, in turn;
what is compared is the CPU time per report of that process, which other load on the machine disturbs less than the
clock.
Memory is the process's own peak while it imports, for a small and a large file.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import httpx
import psutil
import uvloop
from aiokafka import AIOKafkaProducer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import SecretStr
from starlette.types import ASGIApp

from services.intake import app as intake_app
from services.intake.settings import Settings
from shared.contracts.envelope import partition_key
from shared.contracts.topics import PARTITIONS, REPORTS
from shared.redaction.text import RedactedText
from shared.runtime.kafka import partition_of

ROWS = int(os.environ.get("NEARMISS_BENCH_ROWS", "10000"))
SMALL_ROWS = 5_000
ROUNDS = int(os.environ.get("NEARMISS_BENCH_ROUNDS", "3"))
BATCH = Settings.model_fields["import_batch_lines"].default
SITES = 40
DOCUMENT_BYTES = 2_530
"""What a row of the demo's texts comes to in MongoDB: 1,336 its document with sealed originals, 1,195 in the outbox."""
RECORD_BYTES = 1_280
"""What its record comes to in Kafka: body 1,019, the rest key and headers."""
DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.ndjson"
KEY = "nmk_bench"
CHUNK_BYTES = 1 << 16
FIGURES = ("per_cpu_s", "per_s", "cpu_us", "peak_mb")
SAMPLES = 10
"""So often its memory is looked at while a file goes in."""


def write_file(path: Path, rows: int) -> None:
    """Invented reports: the demo's texts, again and again, with references of their own."""
    texts = [json.loads(line)["text"] for line in DEMO.read_text().splitlines()]
    with path.open("w") as file:
        for n in range(rows):
            said = {
                "site_id": f"site-{n % SITES}",
                "text": texts[n % len(texts)],
                "worry": n % 4 + 1,
                "external_reference": {"system": "bench", "id": f"BC{n}"},
            }
            file.write(json.dumps(said) + "\n")


def settings(kafka: str, mongo: str, prefix: str) -> Settings:
    """Settings of an intake for itself."""
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    secret = SecretStr(base64.b64encode(bytes(32)).decode())
    values: dict[str, Any] = {
        "kafka_bootstrap_servers": kafka, "mongodb_uri": SecretStr(mongo), "database_prefix": prefix,
        "token_public_key": public, "token_private_key": SecretStr(pem), "vault_kek": secret, "pseudonym_key": secret,
        "bootstrap_key": SecretStr(KEY), "log_level": "WARNING",
    }  # fmt: skip
    return Settings(**values)


async def register(http: httpx.AsyncClient) -> None:
    """Register the provider and its sites."""
    heading = (
        "provider_id,site_id,name,cqc_location_id,setting,postcode,capacity,capacity_unit,region,councils,contracts,"
        "opened_on,closed_on,effective_from\n"
    )
    sites = heading + "".join(f"bench,site-{n},Home,,residential,,,,,,,2015-04-01,,\n" for n in range(SITES))
    for kind, table in (("providers", "provider_id,name,synthetic\nbench,Bench,true\n"), ("sites", sites)):
        answer = await http.post(
            f"/v1/registry:import?kind={kind}", content=table, headers={"Content-Type": "text/csv"}
        )
        answer.raise_for_status()


class Call:
    """A call of the import as a server makes it, piece by piece; of the answer its beginning alone is kept.

    A client in the same process would hold the whole answer, and its memory would be taken for the service's.

    Args:
        path: The file that is sent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = path.stat().st_size
        self._file: IO[bytes] | None = None
        self._sent = False
        self.begun = b""
        self.seen: list[float] = []

    async def make(self, app: ASGIApp) -> dict[str, int]:
        """Make it and return the answer's counts."""
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/x-ndjson"}
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": "/v1/reports:import", "raw_path": b"/v1/reports:import", "query_string": b"provider_id=bench",
            "root_path": "", "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
            "client": ("127.0.0.1", 1), "server": ("bench", 80), "state": {},
        }  # fmt: skip
        with self._path.open("rb") as self._file:
            await app(scope, self._receive, self._send)
        return json.loads(self.begun.partition(b',"reports":')[0] + b"}")

    async def _receive(self) -> dict[str, Any]:
        assert self._file is not None
        if self._sent:
            await asyncio.Event().wait()  # it stays connected until the answer is whole
        chunk = self._file.read(CHUNK_BYTES)
        self._sent = not chunk
        if self._file.tell() * SAMPLES >= self._size * len(self.seen):
            self.seen.append(resident_mb())
        return {"type": "http.request", "body": chunk, "more_body": bool(chunk)}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if len(self.begun) < CHUNK_BYTES:
            self.begun += message.get("body", b"")


def resident_mb() -> float:
    """Resident memory of this process now."""
    return float(psutil.Process().memory_info().rss) / 2**20


async def ours(kafka: str, mongo: str, prefix: str, path: Path, redacted: bool) -> dict[str, Any]:
    """The service itself; nothing is timed before it is up, and everything until Kafka has the last event."""
    if not redacted:
        intake_app._redacted = lambda text, _: RedactedText.from_wire(text)
    app = intake_app.create_app(settings(kafka, mongo, prefix))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers, timeout=None) as http:
            await register(http)
        rows, call = sum(1 for _ in path.open("rb")), Call(path)
        outbox = app.state.runtime.mongo.db["outbox"]
        cpu, wall = time.process_time(), time.perf_counter()
        said = await call.make(app)
        while await outbox.find_one({}) is not None:
            await asyncio.sleep(0.05)
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        assert said["accepted"] == rows, said
    return _figures(cpu, wall, rows) | {"resident_mb": call.seen}


async def floor(kafka: str, mongo: str, prefix: str, path: Path) -> dict[str, float]:
    """The bare loop over the same file and the same bytes."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo, w="majority", journal=True)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await producer.start()
    await client.admin.command("ping")
    padding, value = bytes(DOCUMENT_BYTES), bytes(RECORD_BYTES)
    collection = client[f"{prefix}intake"]["floor"]
    rows, futures, documents = 0, [], []
    cpu, wall = time.process_time(), time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            said = json.loads(line)
            rows += 1
            reference = said["external_reference"]["id"]
            documents.append({"_id": reference, "body": line + padding[len(line) :]})
            partition = partition_of(partition_key("bench", said["site_id"]), PARTITIONS)
            futures.append(await producer.send(REPORTS.name, value, key=reference.encode(), partition=partition))
            if len(documents) == BATCH:
                await collection.insert_many(documents, ordered=False)
                documents = []
                await asyncio.gather(*futures)
                futures = []
    if documents:
        await collection.insert_many(documents, ordered=False)
    await asyncio.gather(*futures)
    result = _figures(time.process_time() - cpu, time.perf_counter() - wall, rows)
    await producer.stop()
    client.close()
    return result


def _figures(cpu_s: float, wall_s: float, rows: int) -> dict[str, float]:
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"per_cpu_s": rows / cpu_s, "per_s": rows / wall_s, "cpu_us": cpu_s / rows * 1e6, "peak_mb": peak_mb}


def measure(kafka: str, mongo: str, who: str, rows: int, folder: Path) -> dict[str, Any]:
    """Run one side as a process of its own over a file of its own."""
    stamp = f"{datetime.now(UTC):%H%M%S%f}"
    path = folder / f"{who}-{stamp}.ndjson"
    write_file(path, rows)
    command = [sys.executable, "-m", "tests.benchmarks.intake_import", who, kafka, mongo, f"b{stamp}_", str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr[-2000:]
    path.unlink()
    return json.loads(out.stdout.splitlines()[-1])


def run(kafka: str, mongo: str) -> list[dict[str, Any]]:
    """Take turns and return the rows for the table."""
    found: dict[str, list[dict[str, Any]]] = {"floor": [], "plain": [], "shipped": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(ROUNDS):
            for who, rounds in found.items():
                rounds.append(measure(kafka, mongo, who, ROWS, folder))
        small = measure(kafka, mongo, "shipped", SMALL_ROWS, folder)
    middle = {
        who: {key: statistics.median(one[key] for one in rounds) for key in FIGURES} for who, rounds in found.items()
    }
    return [
        _row("import as shipped, per second of CPU", "report/s", middle["shipped"]["per_cpu_s"], 1_500.0),
        _row(
            "import, redaction off, per second of CPU", "report/s",
            middle["plain"]["per_cpu_s"], middle["floor"]["per_cpu_s"],
        ),
        _row(
            "import, redaction off, by the clock", "report/s",
            middle["plain"]["per_s"], middle["floor"]["per_s"],
        ),
        _row(
            f"import, peak memory, {ROWS} rows (floor: {SMALL_ROWS})", "MB",
            middle["shipped"]["peak_mb"], small["peak_mb"],
        ),
        _row(
            f"import of {ROWS} rows, resident memory at its end (floor: after the first tenth)", "MB",
            found["shipped"][-1]["resident_mb"][-1], found["shipped"][-1]["resident_mb"][1],
        ),
    ]  # fmt: skip


def _row(what: str, unit: str, ours_: float, floor_: float) -> dict[str, Any]:
    return {"what": what, "unit": unit, "ours": ours_, "floor": floor_, "ratio": ours_ / floor_}


if __name__ == "__main__":
    role, kafka_address, mongo_address, database, file_name = sys.argv[1:]
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    work = (
        floor(kafka_address, mongo_address, database, Path(file_name))
        if role == "floor"
        else ours(kafka_address, mongo_address, database, Path(file_name), redacted=role == "shipped")
    )
    sys.stdout.write(json.dumps(uvloop.run(work)) + "\n")
