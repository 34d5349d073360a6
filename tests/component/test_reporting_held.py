"""What is held stays hidden from who must not see it: once its report is erased, and in the record of a meeting."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.contracts import intake, learning
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import MONDAY, NOW, PROVIDER, World, open_world

pytestmark = pytest.mark.engines


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    """A signal and an action were told before one of their reports turned out to accuse the manager."""
    async with open_world(mongodb_uri, database_prefix) as opened:
        await opened.fold(say.provider(), say.site(), say.report("r1"), say.report("accuses"))
        named = {"report_ids": ("r1", "accuses")}
        await opened.fold(say.signal("s1", **named), say.action("a1", **named))
        await opened.fold(say.amended("accuses", 2, visibility="held"))
        yield opened


async def erase(world: World) -> None:
    """As intake does: it leaves the counts first, and its words go then."""
    await world.fold(say.withdrawn("accuses", 3, visibility="held"))
    around: dict[str, Any] = {"provider_id": PROVIDER, "site_id": "elm-house", "recorded_at": NOW, "erased_at": NOW}
    id_ = event_id("ReportErased", "accuses", 4)
    await world.fold(intake.ReportErased(event_id=id_, report_id="accuses", revision=4, visibility="held", **around))


async def everything(client: httpx.AsyncClient) -> str:
    """What a reader gets of signals and actions, over the API, as an export and as an export of what changed."""
    found = []
    for path in ("/v1/signals", "/v1/actions", "/v1/export/fact_signal", "/v1/export/fact_action?since=1"):
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found.append(answer.text)
    return "\n".join(found)


async def test_an_erased_report_that_was_held_is_named_to_nobody_of_its_site(world: World) -> None:
    """Before it was erased its site saw no sign of it; after that it sees none either."""
    manager = world.client(Role.MANAGER, sites=frozenset({"elm-house"}))
    assert "accuses" not in await everything(manager)
    await erase(world)
    assert "accuses" not in await everything(manager)
    assert "accuses" in await everything(world.client(Role.SAFEGUARDING))


async def test_a_meetings_record_tells_an_analyst_nothing_of_what_is_held(world: World) -> None:
    """Neither the item, nor its site, nor what was decided of it; who sees held things gets the record whole."""
    items = [
        {"item_id": f"signal:{name}", "kind": "signal", "subject_id": name, "about_site": "elm-house"} | more
        for name, more in (("open", {"words": "Is it the new rota?"}), ("secret", {"visibility": "held"}))
    ]
    decisions = [
        {
            "decision_id": f"d-{item['subject_id']}",
            "item_id": item["item_id"],
            "words": f"Look into the {item['subject_id']} one.",
            "owner_role": "group_lead",
            "due_on": MONDAY,
        }
        for item in items
    ]
    record = learning.Meeting.model_validate(
        {
            "meeting_id": "m1",
            "version": 1,
            "held_on": MONDAY,
            "attended": {"governance_lead": 1},
            "agenda": items,
            "decisions": decisions,
            "signed_at": NOW,
            "signed_by_role": "governance_lead",
            "content_hash": "0" * 64,
        }
    )
    around: dict[str, Any] = {"provider_id": PROVIDER, "recorded_at": NOW, "by_role": "governance_lead"}
    await world.fold(learning.MeetingSigned(event_id=event_id("MeetingSigned", "m1", 1), meeting=record, **around))
    analyst, lead = world.client(Role.ANALYST), world.client(Role.GOVERNANCE)
    numbers, whole = (await analyst.get("/v1/meetings")).text, (await lead.get("/v1/meetings")).text
    assert "signal:open" in numbers
    assert "secret" not in numbers
    assert whole.count("secret") == 5
