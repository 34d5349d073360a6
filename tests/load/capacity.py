"""`python -m tests.load.capacity`: from measured costs to how far it goes, what breaks first, and a simulated day.

Pure but for reading costs.json and writing deploy/SCALING.md. `tests/load/measure.py` makes costs.json anew.
"""

from __future__ import annotations

import json
import math
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from shared.contracts.topics import PARTITIONS
from tests.load.arrivals import SHIFT_BY_HOUR, busy

COSTS = Path(__file__).with_name("costs.json")
TEMPLATE = Path(__file__).with_name("scaling.md.template")
PAGE = Path(__file__).resolve().parents[2] / "deploy" / "SCALING.md"
SITES = (10, 1_000, 40_000)
REPORTS_PER_SITE_DAY = 1.0
"""Assumed: higher than most homes report today, lower than a home that reports every hazard."""
BUSY_MAX = 0.6
"""So full may a process be at the peak: what is above it waits."""
SERVER_CORES = 8
"""Of the one MongoDB primary, and of one Kafka broker."""
PARTS = ("intake", "classifier", "actions", "reporting", "mongodb", "kafka")
SHARED_BY_PARTITION = ("classifier", "actions", "reporting")
REPLICAS = 3
DAY_S = 86_400
STEP_S = 10
OUTAGE_S = 7_200


@dataclass(frozen=True)
class Costs:
    """What was measured on one machine.

    Attributes:
        live_rate: Reports a second of the live stretch.
        live_ms: Processor milliseconds per report then, per part, with what ran beside: an upper bound.
        bulk_ms: The same in full batches.
        idle: Cores that a part uses when nothing happens.
        stored: Bytes per report, per store, in the bulk stretch.
    """

    live_rate: float
    live_ms: dict[str, float]
    bulk_ms: dict[str, float]
    idle: dict[str, float]
    stored: dict[str, int]

    def ms(self, part: str, rate: float) -> float:
        """Return the cost of a report at a rate.

        A batch has a cost of its own that its reports share; batches grow with the rate once they follow one another.

        Args:
            part: A service or engine.
            rate: Reports a second.
        """
        live, bulk = self.live_ms[part], min(self.live_ms[part], self.bulk_ms[part])
        return bulk + (live - bulk) * min(1.0, self.live_rate / rate)

    def cores(self, part: str, rate: float) -> float:
        """Return the cores that a part uses at a rate."""
        return max(self.idle[part], rate * self.ms(part, rate) / 1000)

    def most(self, part: str, cores: float) -> float:
        """Return the reports a second that some cores can do at most."""
        low, high = 0.0, 1e7
        while high - low > 1e-3:
            middle = (low + high) / 2
            low, high = (middle, high) if self.cores(part, middle or 1e-9) <= cores else (low, middle)
        return low


def read_costs(measured: dict[str, Any]) -> Costs:
    """Read what `measure` wrote."""
    live, bulk = measured["live"], measured["bulk"]
    return Costs(
        live_rate=live["reports"] / live["took_s"],
        live_ms=live["cpu_ms_per_report"],
        bulk_ms=bulk["cpu_ms_per_report"],
        idle=measured["idle_cores"],
        stored=bulk["bytes_per_report"],
    )


def peak_rate(sites: int) -> float:
    """Return the reports a second in the busiest hour."""
    return sites * REPORTS_PER_SITE_DAY / DAY_S * max(SHIFT_BY_HOUR) * 24 / sum(SHIFT_BY_HOUR)


def processes(costs: Costs, part: str, rate: float) -> int:
    """Return how many processes of a service a rate needs; two at least, so that one may fail."""
    per_process = costs.most(part, BUSY_MAX)
    return max(2, math.ceil(rate / per_process))


def ceilings(costs: Costs) -> list[tuple[str, str, float]]:
    """Return what gives way, what to do then, and at how many reports a second; the first one first."""
    found = [(f"one process of {part}", "a second one", costs.most(part, BUSY_MAX)) for part in PARTS[:4]]
    found += [
        (
            f"{PARTITIONS} processes of {part}: one for each partition",
            "a new major version of the topics with more partitions (runbook/scaling.md)",
            PARTITIONS * costs.most(part, BUSY_MAX),
        )
        for part in SHARED_BY_PARTITION
    ]
    found += [
        (
            f"MongoDB's primary with {SERVER_CORES} cores",
            "a replica set for each service's database (MONGODB_URI)",
            costs.most("mongodb", SERVER_CORES * BUSY_MAX),
        ),
        (
            f"one Kafka broker with {SERVER_CORES} cores",
            "three brokers share the partitions",
            costs.most("kafka", SERVER_CORES * BUSY_MAX),
        ),
    ]
    return sorted(found, key=lambda one: one[2])


def simulate(costs: Costs, sites: int, counts: dict[str, int], outage_s: int, seed: int) -> dict[str, float]:
    """Play one day in steps of ten seconds: reports arrive by the day's shape, each service works off its queue.

    Args:
        costs: What was measured.
        sites: How many send.
        counts: Processes per service.
        outage_s: From the morning handover on Kafka is away so long; intake goes on taking reports in.
        seed: Chooses the arrivals.

    Returns:
        Per service: the longest wait in its queue in seconds, outage left out; and `drained`: how long after the
        outage all queues were back to what one step brings.
    """
    chance, backlog = random.Random(seed), dict.fromkeys(SHARED_BY_PARTITION, 0.0)
    waits, mean = dict.fromkeys(SHARED_BY_PARTITION, 0.0), sites * REPORTS_PER_SITE_DAY / DAY_S * STEP_S
    back_s, held, drained = 7 * 3600 + outage_s, 0.0, 0.0
    for at_s in range(0, DAY_S, STEP_S):
        expected = mean * busy(at_s, DAY_S)
        came = max(0.0, chance.gauss(expected, math.sqrt(expected)))
        away = outage_s and 7 * 3600 <= at_s < back_s
        held, came = (held + came, 0.0) if away else (0.0, came + held)
        for part in SHARED_BY_PARTITION:
            does = counts[part] * costs.most(part, 1.0) * STEP_S
            backlog[part] = max(0.0, backlog[part] + came - does)
            waits[part] = max(waits[part], backlog[part] / does * STEP_S)
        if outage_s and at_s >= back_s and any(backlog.values()):
            drained = max(drained, at_s + STEP_S - back_s)
    return waits | {"drained": drained}


def checked(costs: Costs, measured: dict[str, Any]) -> list[tuple[str, float, float]]:
    """Return part, predicted and measured milliseconds per report of the stretch that the model was not made from."""
    stretch = measured["check"]
    rate = stretch["reports"] / stretch["took_s"]
    found = stretch["cpu_ms_per_report"]
    return [(part, costs.ms(part, rate), found[part]) for part in PARTS]


def page(measured: dict[str, Any]) -> str:
    """Return deploy/SCALING.md."""
    costs, check = read_costs(measured), measured["check"]
    return Template(TEMPLATE.read_text()).substitute(
        live_rate=f"{costs.live_rate:.1f}",
        check_rate=f"{check['reports'] / check['took_s']:.1f}",
        costs="\n".join(_cost_rows(costs, measured)),
        stored="; ".join(f"{name} {size:,} bytes" for name, size in costs.stored.items()),
        per_day=f"{REPORTS_PER_SITE_DAY:g}",
        busy=f"{BUSY_MAX:.0%}",
        replicas=REPLICAS,
        far="\n".join(_far_rows(costs)),
        first="\n".join(_first_rows(costs)),
        outage_h=OUTAGE_S // 3600,
        day="\n".join(_day_rows(costs)),
    )


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _cost_rows(costs: Costs, measured: dict[str, Any]) -> Iterator[str]:
    for part, predicted, found in checked(costs, measured):
        yield _row(
            part,
            f"{costs.live_ms[part]:.1f}",
            f"{costs.bulk_ms[part]:.1f}",
            f"{costs.most(part, 1.0):,.0f}",
            f"{costs.idle[part]:.3f}",
            f"{predicted:.1f}",
            f"{found:.1f}",
            f"{predicted / found:.2f}" if found else "-",
        )


def _far_rows(costs: Costs) -> Iterator[str]:
    for sites in SITES:
        rate = peak_rate(sites)
        disk = sites * REPORTS_PER_SITE_DAY * 365 * REPLICAS * sum(costs.stored.values())
        yield _row(
            f"{sites:,}",
            f"{rate:.3g}",
            *(str(processes(costs, part, rate)) for part in PARTS[:4]),
            f"{costs.cores('mongodb', rate):.2f}",
            f"{costs.cores('kafka', rate):.2f}",
            f"{disk / 1e9:,.1f} GB",
        )


def _first_rows(costs: Costs) -> Iterator[str]:
    for what, todo, rate in ceilings(costs):
        yield _row(f"{rate:,.0f}", f"{rate / peak_rate(1):,.0f}", what, todo)


def _day_rows(costs: Costs) -> Iterator[str]:
    for sites in SITES:
        counts = {part: processes(costs, part, peak_rate(sites)) for part in SHARED_BY_PARTITION}
        calm, outage = simulate(costs, sites, counts, 0, 1), simulate(costs, sites, counts, OUTAGE_S, 1)
        yield _row(
            f"{sites:,}",
            "/".join(str(counts[part]) for part in SHARED_BY_PARTITION),
            f"{max(calm[part] for part in SHARED_BY_PARTITION):.0f} s",
            f"{outage['drained']:.0f} s",
        )


if __name__ == "__main__":
    PAGE.write_text(page(json.loads(COSTS.read_text())))
    sys.stdout.write(f"{PAGE.name} written\n")
