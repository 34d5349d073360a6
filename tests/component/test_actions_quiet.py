"""What a site's quiet series could have seen, over HTTP on a real mongod."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.kernel.principal import Role
from tests.support.actions import classified, open_house, registered, report
from tests.support.clock import TODAY

pytestmark = pytest.mark.engines


async def test_a_quiet_home_is_told_what_could_have_been_seen_and_never_that_all_is_well(mongodb_uri, database_prefix):
    """Held reports do not count for a site; another site is 404; a series without reports says how many would speak."""
    async with open_house(mongodb_uri, database_prefix) as house:
        events = []
        for number in range(60):
            day = TODAY - timedelta(days=6 * number + 1)
            events += [report(f"r{number}", day, text=f"a{number} b{number}"), classified(f"r{number}")]
        await house.fold(registered(), events, report("held", TODAY - timedelta(days=2), visibility="held"))
        async with house.client(Role.MANAGER, sites=["s"]) as manager:
            answer = await manager.get("/v1/quiet", params={"site": "s"})
            assert (await manager.get("/v1/quiet", params={"site": "elsewhere"})).status_code == 404
    assert answer.status_code == 200, answer.text
    series = {row["title"]: row for row in answer.json()["series"]}
    whole = series["All reports together"]
    assert 50 <= whole["baseline_events"] <= 60
    assert whole["doubling_weeks"] is not None
    assert f"about {whole['doubling_weeks']} weeks to show" in whole["sentence"]
    empty = next(row for row in series.values() if row["baseline_events"] == 0)
    assert "None told is not none happened" in empty["sentence"]
