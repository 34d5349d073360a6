"""`python -m tests.load.measure`: what a report costs on the running demo, in processor time and bytes.

Processor time of the processes is counted, not the clock: it bears other load on the machine. The stretches:
idle, a load as homes make it at two rates (the second checks the model), and an import in full batches.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer
from pymongo import MongoClient

from tests.load.arrivals import Arrival, plan
from tests.load.sending import send

DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo"
PROVIDER = "rowan-care"
COSTS = Path(__file__).with_name("costs.json")
SETTLE_S = 5.0
PATIENCE_S = 300.0
CHECK_TIMES = 2.5
"""The model is checked at another rate than the one that it was made from."""


def main(
    addresses: Annotated[Path, typer.Option(help="The running demo's addresses.json.")],
    out: Annotated[Path, typer.Option(help="Where the figures go.")] = COSTS,
    live_rate: Annotated[float, typer.Option(help="Reports a second of the live stretch.")] = 5.0,
    live_s: Annotated[float, typer.Option(help="How long it lasts.")] = 60.0,
    bulk: Annotated[int, typer.Option(help="Reports of the import.")] = 3_000,
    idle_s: Annotated[float, typer.Option(help="How long nothing is sent.")] = 30.0,
) -> None:
    """Measure, and write what was found."""
    found = json.loads(addresses.read_text())
    texts = [json.loads(line)["text"] for line in (DEMO / "reports.ndjson").read_text().splitlines()]
    figures = asyncio.run(_measure(found, addresses.parent, texts, live_rate, live_s, bulk, idle_s))
    out.write_text(json.dumps(figures, indent=1) + "\n")
    sys.stdout.write(out.read_text())


async def _measure(
    found: dict[str, Any], root: Path, texts: list[str], live_rate: float, live_s: float, bulk: int, idle_s: float
) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {found['api_key']}"}
    run = f"{time.time_ns():x}"
    async with httpx.AsyncClient(base_url=found["front"], headers=headers, timeout=300.0) as http:
        token = (await http.post("/v1/tokens")).raise_for_status().json()["token"]

        async def load(arrivals: list[Arrival]) -> int:
            goal = await _seen(http, token) + sum(one.reports for one in arrivals)
            outcome = await send(http, arrivals)
            assert not outcome.unexpected, outcome.unexpected
            end = time.monotonic() + PATIENCE_S
            while await _seen(http, token) < goal:
                assert time.monotonic() < end, "not all reports came into the views"
                await asyncio.sleep(0.5)
            await asyncio.sleep(SETTLE_S)
            return outcome.accepted

        stretches: dict[str, Any] = {}
        start, began_s = _cpu(found), time.monotonic()
        await asyncio.sleep(idle_s)
        took_s = time.monotonic() - began_s
        idle = {name: used / took_s for name, used in _less(_cpu(found), start).items()}
        stretches["idle_cores"] = _rounded(idle)
        for name, rate in (("live", live_rate), ("check", live_rate * CHECK_TIMES)):
            arrivals = plan(rate, live_s, live_s, PROVIDER, _sites(), texts, seed=len(name))
            singles = [replace(a, key=f"{run}-{name}-{a.key}") for a in arrivals if a.kind == "single"]
            stretches[name] = await _stretch(found, root, load, singles)
        lines = [
            json.loads(a.body)
            for a in plan(1e5, bulk / 5e4, bulk / 5e4, PROVIDER, _sites(), texts, 3)
            if a.reports == 1
        ]
        body = "\n".join(json.dumps(line) for line in lines[:bulk])
        batch = [Arrival(0.0, "late_batch", f"{run}-bulk", body, min(bulk, len(lines)))]
        stretches["bulk"] = await _stretch(found, root, load, batch)
    return stretches


async def _stretch(found: dict[str, Any], root: Path, load: Any, arrivals: list[Arrival]) -> dict[str, Any]:
    """Send and return per report: processor milliseconds, with whatever ran beside, and bytes."""
    cpu, size, began_s = _cpu(found), _bytes(found, root), time.monotonic()
    reports = await load(arrivals)
    took_s = time.monotonic() - began_s
    used = _less(_cpu(found), cpu)
    grown = _less(_bytes(found, root), size)
    return {
        "reports": reports,
        "took_s": round(took_s, 1),
        "cpu_ms_per_report": _rounded({name: seconds / reports * 1000 for name, seconds in used.items()}),
        "bytes_per_report": {name: round(more / reports) for name, more in grown.items()},
    }


async def _seen(http: httpx.AsyncClient, token: str) -> int:
    answer = await http.get(f"/v1/providers/{PROVIDER}/totals", headers={"Authorization": f"Bearer {token}"})
    return int(answer.raise_for_status().json()["totals"]["reports"])


def _sites() -> list[str]:
    return [line.split(",")[1] for line in (DEMO / "sites.csv").read_text().splitlines()[1:]]


def _cpu(found: dict[str, Any]) -> dict[str, float]:
    pids = {name: [service["pid"]] for name, service in found["services"].items()}
    pids["mongodb"] = [found["engines"]["mongodb"]["pid"]]
    pids["kafka"] = [broker["pid"] for broker in found["engines"]["kafka"]["brokers"].values()]
    times = {name: [psutil.Process(pid).cpu_times() for pid in all_of_it] for name, all_of_it in pids.items()}
    return {name: sum(one.user + one.system for one in used) for name, used in times.items()}


def _bytes(found: dict[str, Any], root: Path) -> dict[str, float]:
    """Return the data of each service's database with its indexes, uncompressed, and one copy of the log's files."""
    client: MongoClient[Any] = MongoClient(found["mongodb_uri"])
    sizes = {}
    for service, name in found["mongodb_databases"].items():
        stats = client[name].command("dbStats")
        sizes[f"mongodb {service}"] = float(stats["dataSize"] + stats["indexSize"])
    client.close()
    broker = next(iter(found["engines"]["kafka"]["brokers"]))
    segments = (root / broker / "data").glob("nearmiss.*/*.log")
    return sizes | {"kafka": float(sum(path.stat().st_size for path in segments))}


def _less(after: dict[str, float], before: dict[str, float]) -> dict[str, float]:
    return {name: after[name] - before[name] for name in after}


def _rounded(values: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


if __name__ == "__main__":
    typer.run(main)
