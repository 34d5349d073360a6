"""The commands for parked records and dead letters, against a running service, real Kafka and real mongod."""

from __future__ import annotations

import asyncio
import json
import sys

import orjson
import pytest

from shared.contracts.topics import EXPOSURE
from shared.runtime import recovery
from shared.runtime.runtime import Runtime
from tests.integration.test_parking import Bug
from tests.support.harness import (
    Counting,
    effects,
    event,
    eventually,
    lane_of,
    member,
    produce,
    producer,
    settings,
)

pytestmark = pytest.mark.engines
SECRET = "Invented words that nobody may see"


@pytest.fixture
def command(kafka_bootstrap, mongodb_uri, database_prefix, monkeypatch):
    """Run a command as ops would, in a process of its own."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    monkeypatch.setenv("MONGODB_URI", mongodb_uri)
    monkeypatch.setenv("NEARMISS_DATABASE_PREFIX", database_prefix)

    async def run(module: str, *arguments: str):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", f"shared.runtime.{module}", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, [json.loads(line) for line in out.decode().splitlines()], err.decode()

    return run


async def test_ops_see_release_and_drop_what_a_bug_parked(command, kafka_bootstrap, mongodb_uri, database_prefix):
    """List and show name site, place and reason, never a word of a body; a dry run changes nothing."""
    site = "site-parked"
    bug = Bug(event(site, 1))
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    async with running(options, bug) as runtime:
        await produce(kafka_bootstrap, EXPOSURE, [event(site, number) for number in (1, 2, 3)])
        await eventually(lambda: count(runtime, "parked", 3), what="three parked records")

        _, listed, _ = await command("parked", "list", "--service", "actions")
        assert [(row["site"], row["records"], row["reason"]) for row in listed] == [
            (f"p:{site}", 3, "ZeroDivisionError")
        ]
        _, shown, _ = await command("parked", "show", "--service", "actions", "--site", f"p:{site}")
        assert [row["body"]["exposure"]["unit"] for row in shown] == ["text of 6"] * 3
        who = ("--service", "actions", "--by", "an operator")
        code, would, _ = await command("parked", "release", *who, "--all", "--dry-run")
        assert (code, [row["records"] for row in would]) == (0, [3])
        code, answer, _ = await command("parked", "release", *who, "--site", f"p:{site}")
        assert (code, answer[0]["state"], answer[0]["taken"]) == (1, "failed", 0)

        place = ("--topic", EXPOSURE.name, "--offset", str(shown[0]["offset"]), "--site", f"p:{site}")
        code, dropped, _ = await command("parked", "drop", *who, *place, "--why", "invented: it can never work")
        assert (code, dropped[0]["site_still_held"]) == (0, True)
        code, answer, _ = await command("parked", "release", *who, "--site", f"p:{site}")
        assert (code, answer[0]["state"], answer[0]["taken"]) == (0, "done", 2)
        assert dict(await effects(runtime)) == {1: 2}
        acts = [(done["act"], done["by"]) async for done in runtime.mongo.db[recovery.ACTS].find().sort("at", 1)]
        assert acts == [("released", "an operator"), ("dropped", "an operator"), ("released", "an operator")]
        code, _, said = await command("parked", "release", *who, "--site", "p:nowhere")
        assert code == 1
        assert "nothing of p:nowhere waits" in said


async def test_ops_replay_and_drop_dead_letters(command, kafka_bootstrap, mongodb_uri, database_prefix):
    """A refused record goes to the service alone once its rule is mended; a dropped one is listed no more."""
    options = settings(kafka_bootstrap, mongodb_uri, database_prefix)
    site = f"site-{database_prefix}"
    refusing = [True]
    async with running(options, Bug(), refuse=lambda: refusing[0]) as runtime:
        await produce(kafka_bootstrap, EXPOSURE, [event(site, 1), event(site, 2)])
        lane = lane_of(EXPOSURE, event(site, 1))
        broken = orjson.dumps({"type": "ExposureRecorded", "site_id": site, "note": SECRET})
        async with producer(kafka_bootstrap) as sender:
            await sender.send({lane: [(b"p:x", broken, [("ce_type", b"ExposureRecorded")])]})
        which = ("--service", "actions", "--topic", EXPOSURE.name)

        async def mine() -> list[dict]:
            _, listed, _ = await command("dlq", "list", *which, "--limit", "1000")
            return [row for row in listed if row["reason"] == f"refused {site}" or row["kind"] == "undecodable"]

        await eventually(lambda: has(mine, 3), what="three dead letters", within_s=60)
        refused = [row for row in await mine() if row["kind"] == "rule"]
        unreadable = [row for row in await mine() if row["kind"] == "undecodable"]
        _, shown, _ = await command("dlq", "show", "--service", "actions", "--origin", unreadable[0]["origin"])
        assert shown[0]["body"]["note"] == f"text of {len(SECRET)}"
        assert SECRET not in json.dumps(shown)

        who = ("--service", "actions", "--by", "an operator")
        _, would, _ = await command("dlq", "replay", *who, "--origin", refused[0]["origin"], "--dry-run")
        assert would == [{"would_replay": refused[0]["origin"]}]
        await command("dlq", "replay", *who, "--origin", refused[0]["origin"])
        await eventually(lambda: has(mine, 3), what="refused again, open again", within_s=60)
        refusing[0] = False
        for row in refused:
            await command("dlq", "replay", *who, "--origin", row["origin"])
        await eventually(lambda: taken(runtime, 2), what="both took effect")
        await command("dlq", "drop", *who, "--origin", unreadable[0]["origin"], "--why", "invented: a broken feed")
        assert await mine() == []
        code, _, said = await command("dlq", "drop", *who, "--origin", unreadable[0]["origin"], "--why", "again")
        assert (code, "no open dead letter" in said) == (1, True)


def running(options, bug, refuse=lambda: False):
    """The actions group over the real exposure topic, with a fold that a test breaks and mends."""
    counting = Counting(bug)

    async def fold(events, tx):
        mine = [received for received in events if received.event.provider_id == "p"]
        if refuse():
            for received in mine:
                tx.reject(received, f"refused {received.event.site_id}")
            return
        await counting(mine, tx)

    return member(options, [EXPOSURE], fold)


async def count(runtime: Runtime, name: str, number: int) -> bool:
    return bool(await runtime.mongo.db[name].count_documents({}) == number)


async def taken(runtime: Runtime, number: int) -> bool:
    return sum((await effects(runtime)).values()) == number


async def has(listed, number: int) -> bool:
    return len(await listed()) == number
