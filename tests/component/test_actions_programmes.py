"""A remedy at two sites, over HTTP on a real mongod: set up by the group lead, judged by the weekly reviews."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.kernel.principal import Role
from tests.support.actions import MONDAY, classified, open_house, registered, report

pytestmark = pytest.mark.engines
LABELS = (("medication",), ())


def weekly(site: str, counts) -> list:
    """So many medicine reports spread over each week, each of another event in other words."""
    events = []
    for week, count in enumerate(counts):
        for number in range(count):
            name = f"{site}{week}-{number}"
            day = MONDAY + timedelta(weeks=week, days=2 * number % 7)
            text = f"{site}alpha{week} beta{number} gamma{week}x{number} noted."
            events += [
                report(name, day, replay=True, text=text, site_id=site),
                classified(name, LABELS, site_id=site),
            ]
    return events


async def replay(house, first: int, last: int) -> None:
    """Review whole weeks, by their numbers."""
    span = {
        "provider_id": "p",
        "from": (MONDAY + timedelta(weeks=first)).isoformat(),
        "to": (MONDAY + timedelta(weeks=last, days=6)).isoformat(),
    }
    async with house.client(Role.OPERATOR, tenant="*") as operator:
        answer = await operator.post("/v1/replay", json=span)
    assert answer.status_code == 200, answer.text


async def test_a_programme_over_two_sites_is_judged_every_week_for_each_and_for_both(mongodb_uri, database_prefix):
    """Set up from what was fixed before any result; its figures move with the reviews; a site's manager gets 403."""
    async with open_house(mongodb_uri, database_prefix) as house:
        rise = [1] * 12 + [6] * 5 + [1] * 14
        await house.fold(registered(), registered("t", "Oak Lodge"), weekly("s", rise), weekly("t", rise))
        on = (MONDAY + timedelta(weeks=17)).isoformat()
        lines = []
        async with house.client(Role.GOVERNANCE) as lead:
            for site in ("s", "t"):
                said = {"site": site, "date": on, "text": "Introduced a weekly medication audit"}
                lines.append((await lead.post("/v1/log", json=said)).json()["line_id"])
            await replay(house, 0, 18)
            body = {"title": "Weekly medicines audit", "action_ids": lines}
            made = await lead.post("/v1/programmes", json=body)
            assert made.status_code == 201, made.text
            assert made.json()["pooled"] is None
            assert (await lead.post("/v1/programmes", json=body)).json()["programme_id"] == made.json()["programme_id"]
            assert (await lead.post("/v1/programmes", json=body | {"action_ids": [*lines, "x"]})).status_code == 404
            await replay(house, 19, 30)
            address = f"/v1/programmes/{made.json()['programme_id']}"
            whole = (await lead.get(address)).json()
            assert (await lead.get("/v1/programmes")).json()["programmes"][0]["version"] == whole["version"]
        async with house.client(Role.MANAGER, sites=["s"]) as manager:
            assert (await manager.get(address)).status_code == 403
        async with house.client(Role.GOVERNANCE, tenant="q") as stranger:
            assert (await stranger.get(address)).status_code == 404
        told = await house.events("ProgrammeAssessed")
    assert [site["site_id"] for site in whole["sites"]] == ["s", "t"]
    pooled = whole["pooled"]
    assert pooled["after"]["events"] == sum(site["after"]["events"] for site in whole["sites"])
    assert pooled["rate_ratio"] < 1
    assert "2 sites" in pooled["sentence"]
    assert [event.programme.version for event in told] == list(range(1, whole["version"] + 1))
    assert all(event.site_id is None for event in told)
