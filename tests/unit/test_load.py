"""The load generator plans what it says: the rate, the shape of a day, the mix; and counts honestly."""

from __future__ import annotations

import json
from collections import Counter

import httpx
import pytest

from tests.load.arrivals import SHIFT_BY_HOUR, busy, plan
from tests.load.sending import send

SITES = ("elm", "ash", "oak")
TEXTS = ("The hoist beeped.", "The gate was open.")
DAY_S = 2_400.0


def load(rate: float = 5.0, days: float = 4, seed: int = 1):
    return plan(rate, days * DAY_S, DAY_S, "rowan", SITES, TEXTS, seed)


def test_the_same_seed_plans_the_same_load_and_another_one_another():
    """A result can be compared with yesterday's."""
    assert load(seed=7) == load(seed=7)
    assert load(seed=7) != load(seed=8)


@pytest.mark.parametrize("seed", range(3))
def test_the_rate_is_kept_over_a_day(seed):
    """Bursts and late batches are part of the rate, not on top; 48,000 reports wander by a few in a hundred."""
    reports = sum(one.reports for one in load(seed=seed))

    assert reports / (4 * DAY_S) == pytest.approx(5.0, rel=0.06)


def test_the_mean_of_the_day_is_one():
    """Otherwise the set rate would not be the mean."""
    assert sum(busy(hour * 100, 2400) for hour in range(24)) / 24 == pytest.approx(1.0)
    assert len(SHIFT_BY_HOUR) == 24


def test_handovers_are_busy_and_nights_are_quiet():
    """The hour of the morning handover brings many times what an hour of the night does."""
    by_hour = Counter(int(one.at_s % DAY_S / DAY_S * 24) for one in load() if one.kind == "single")

    assert by_hour[7] > 6 * by_hour[2]


def test_the_mix_has_everything_that_homes_send():
    """Duplicates repeat an earlier key and body; broken rows bring nothing; batches bring many lines of one site."""
    arrivals = load()
    kinds = Counter(one.kind for one in arrivals)
    first: dict[str, str] = {}
    for one in arrivals:
        if one.kind == "duplicate":
            assert first[one.key] == one.body
        else:
            assert one.key not in first
            first[one.key] = one.body
        if one.kind == "late_batch":
            lines = [json.loads(line) for line in one.body.splitlines()]
            assert len(lines) == one.reports >= 20
            assert len({line["site_id"] for line in lines}) == 1
    assert kinds["duplicate"] / kinds["single"] == pytest.approx(0.05, abs=0.01)
    assert kinds["broken"] / kinds["single"] == pytest.approx(0.02, abs=0.008)
    assert kinds["late_batch"] > 10
    assert [one.at_s for one in arrivals] == sorted(one.at_s for one in arrivals)


async def test_what_becomes_of_a_load_is_counted_as_it_was_answered():
    """Accepted and repeated by the answer's own word; a broken row that is taken, or no answer, is unexpected."""
    known: set[str] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        body = request.content.decode()
        if request.url.path.endswith(":import"):
            return httpx.Response(200, json={"accepted": len(body.splitlines()), "repeated": 0})
        try:
            report = json.loads(body)
        except ValueError:
            return httpx.Response(202, json={"status": "accepted"})  # wrongly taken
        if not report["text"].strip() or report["site_id"] == "no-such-site":
            return httpx.Response(422)
        if "gate" in report["text"]:
            raise httpx.ConnectError("gone")
        key = request.headers["Idempotency-Key"]
        status = "repeated" if key in known else "accepted"
        known.add(key)
        return httpx.Response(202, json={"status": status})

    arrivals = plan(2_000, 1.0, 1.0, "rowan", SITES, TEXTS, 3)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://x") as http:
        outcome = await send(http, arrivals)

    lines = sum(one.reports for one in arrivals if one.kind == "late_batch")
    assert outcome.accepted == len(known) + lines
    assert outcome.repeated == sum(
        n for (kind, status), n in outcome.statuses.items() if kind == "duplicate" and status
    )
    assert outcome.statuses["single", 0] > 0
    assert outcome.statuses["broken", 202] > 0
    assert outcome.unexpected
    assert sum(outcome.statuses.values()) == len(arrivals)
