"""A backup is one moment of all databases, is held against its hashes, and never overwrites what runs or is there."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

pytestmark = pytest.mark.engines
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(mongodb_uri: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the command as ops would."""
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("NEARMISS_DATABASE_PREFIX", database_prefix)

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "shared.runtime.backup", *arguments]
        return subprocess.run(words, capture_output=True, text=True, check=False)

    return command


@pytest.fixture
def client(mongodb_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with MongoClient(mongodb_uri, w="majority", tz_aware=True) as opened:
        yield opened


def test_two_databases_are_read_at_one_moment(run: Run, client, database_prefix: str, tmp_path: Path):
    """While pairs are written in transactions over two databases, the backup never has one half without the other."""
    first, second = client[f"{database_prefix}actions"]["rows"], client[f"{database_prefix}reporting"]["rows"]
    pad = "x" * 2_000
    for table in (first, second):
        table.insert_many({"_id": -n - 1, "pad": pad} for n in range(5_000))
    halt = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        while not halt.is_set():
            with client.start_session() as session, session.start_transaction():
                first.insert_one({"_id": written}, session=session)
                second.insert_one({"_id": written}, session=session)
            written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = run("dump", str(tmp_path / "b"))
    finally:
        halt.set()
        writer.join()
    assert made.returncode == 0, made.stderr
    assert run("restore", str(tmp_path / "b"), "--replace").returncode == 0
    numbers = [{row["_id"] for row in table.find({"_id": {"$gte": 0}}, {"_id": 1})} for table in (first, second)]
    assert numbers[0] == numbers[1]
    assert 0 < len(numbers[0]) < written, "nothing was written while it was read"


def test_indexes_options_and_every_type_come_back(run: Run, client, database_prefix: str, tmp_path: Path):
    """What a service made of its collections is there again: unique indexes hold, documents are the same bytes."""
    db = client[f"{database_prefix}intake"]
    db.create_collection("odd", validator={"n": {"$type": "number"}})
    db["odd"].create_index([("n", -1)], unique=True, name="once", partialFilterExpression={"n": {"$gt": 1}})
    db["odd"].insert_many([{"_id": {"a": 1}, "n": 2, "bytes": b"\x00\xff", "none": None}, {"_id": "é", "n": 3.5}])
    db.create_collection("empty")
    before = list(db["odd"].find().sort("n", 1)), db["odd"].index_information(), db["odd"].options()

    assert run("dump", str(tmp_path / "b")).returncode == 0
    client.drop_database(db.name)
    assert run("restore", str(tmp_path / "b")).returncode == 0
    assert (list(db["odd"].find().sort("n", 1)), db["odd"].index_information(), db["odd"].options()) == before
    assert set(db.list_collection_names()) == {"odd", "empty"}
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0


def test_what_is_there_or_runs_is_not_overwritten(run: Run, client, database_prefix: str, tmp_path: Path):
    """Without --replace nothing is dropped; with it neither, while a service holds a lease."""
    db = client[f"{database_prefix}actions"]
    db["tasks"].insert_one({"_id": 1})
    assert run("dump", str(tmp_path / "b")).returncode == 0
    db["tasks"].insert_one({"_id": 2})

    refused = run("restore", str(tmp_path / "b"))
    assert (refused.returncode, "--replace" in refused.stderr) == (1, True)
    db["leases"].insert_one({"_id": "outbox", "who": "me"})
    db["leases"].update_one({}, [{"$set": {"until": {"$add": ["$$NOW", 60_000]}}}])
    running = run("restore", str(tmp_path / "b"), "--replace")
    assert (running.returncode, "stop it" in running.stderr) == (1, True)
    assert db["tasks"].count_documents({}) == 2
    assert "not empty" in run("dump", str(tmp_path / "b")).stderr


@pytest.mark.parametrize("harm", ["cut", "missing", "unfinished"])
def test_a_backup_that_is_not_whole_is_refused(run: Run, client, database_prefix: str, tmp_path: Path, harm: str):
    """A file cut short, a file gone, no manifest: found before anything is dropped, and named."""
    db = client[f"{database_prefix}classifier"]
    db["corrections"].insert_many({"_id": n} for n in range(100))
    folder = tmp_path / "b"
    assert run("dump", str(folder)).returncode == 0
    path = folder / "classifier" / "corrections.bson.gz"
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif harm == "missing":
        path.unlink()
    else:
        (folder / "manifest.json").unlink()

    refused = run("restore", str(folder), "--replace")
    assert refused.returncode == 1
    assert ("manifest.json" if harm == "unfinished" else "corrections.bson.gz") in refused.stderr
    assert "Traceback" not in refused.stderr
    assert run("check", str(folder)).returncode == 1
    assert db["corrections"].count_documents({}) == 100
