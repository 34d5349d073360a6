"""What people can do with tasks over HTTP, and what they cannot, on a real mongod."""

from __future__ import annotations

import asyncio

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from shared.kernel.principal import Role
from tests.support.actions import handovers, open_house, registered

pytestmark = pytest.mark.engines
DUE = "2099-01-04"


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        await opened.fold(registered(), registered("other", "Other House"), handovers([0, 5, 9]))
        yield opened


async def one(house, client) -> dict:
    [task] = (await client.get("/v1/actions")).json()["actions"]
    return task


async def test_a_task_is_accepted_stepped_completed_and_remembers_everything(house):
    """Each act is a new version, a history line and one event with the whole task."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        task = await one(house, manager)
        path = f"/v1/actions/{task['action_id']}"
        body = {"version": 1, "due_on": DUE, "owner_role": "deputy_manager"}
        accepted = (await manager.post(f"{path}:accept", json=body)).json()
        version = accepted["version"]
        for step in task["steps"]:
            done = await manager.post(f"{path}/steps/{step['step_id']}:complete", json={"version": version})
            version = done.json()["version"]
        completed = await manager.post(f"{path}:complete", json={"version": version})
        history = (await manager.get(path)).json()["history"]
        left = (await manager.get("/v1/actions")).json()["actions"]
        closed = (await manager.get("/v1/actions", params={"status": "completed"})).json()["actions"]

    assert (accepted["status"], accepted["due_on"], accepted["owner_role"]) == ("accepted", DUE, "deputy_manager")
    assert (completed.status_code, completed.json()["status"]) == (200, "completed")
    steps = ["ActionStepCompleted"] * len(task["steps"])
    types = ["ActionProposed", "ActionAccepted", *steps, "ActionCompleted"]
    assert [line["type"] for line in history] == types
    assert [line["version"] for line in history] == list(range(1, len(types) + 1))
    events = await house.events()
    assert [event.type for event in events] == types
    assert [event.action.version for event in events] == list(range(1, len(types) + 1))
    assert {event.by_role for event in events[1:]} == {"manager"}
    assert len({event.event_id for event in events}) == len(events)
    assert (left, [row["action_id"] for row in closed]) == ([], [task["action_id"]])


async def test_a_stale_version_is_refused_with_the_current_one_and_changes_nothing(house):
    """The same act again meets what it did itself: 409, and one event only."""
    async with house.client(Role.GOVERNANCE) as client:
        path = f"/v1/actions/{(await one(house, client))['action_id']}"
        await client.post(f"{path}:accept", json={"version": 1, "due_on": DUE})
        again = await client.post(f"{path}:accept", json={"version": 1, "due_on": DUE})

    assert again.status_code == 409
    assert again.headers["content-type"] == "application/problem+json"
    assert "is at version 2, not 1" in again.json()["detail"]
    assert again.json()["errors"] == [{"field": "version", "detail": "the current version is 2"}]
    assert [event.type for event in await house.events()] == ["ActionProposed", "ActionAccepted"]


async def test_an_act_that_does_not_follow_names_status_and_act(house):
    """Completing what nobody accepted, and completing before all steps are done."""
    async with house.client(Role.GOVERNANCE) as client:
        path = f"/v1/actions/{(await one(house, client))['action_id']}"
        early = await client.post(f"{path}:complete", json={"version": 1})
        await client.post(f"{path}:accept", json={"version": 1, "due_on": DUE})
        undone = await client.post(f"{path}:complete", json={"version": 2})

    assert (early.status_code, undone.status_code) == (409, 409)
    assert "is proposed and cannot be completed" in early.json()["detail"]
    assert "still open are draft" in undone.json()["detail"]


async def test_a_task_is_declined_with_a_reason_without_personal_data(house):
    """Names and numbers are taken out before anything is stored or told."""
    async with house.client(Role.SAFEGUARDING) as client:
        path = f"/v1/actions/{(await one(house, client))['action_id']}"
        reason = "Already done, call me on 07700 900123."
        declined = (await client.post(f"{path}:decline", json={"version": 1, "reason": reason})).json()

    assert declined["status"] == "declined"
    assert "[PHONE_1]" in declined["reason"]
    everywhere = repr([await house.state(name) for name in await house.db.list_collection_names()])
    assert "900123" not in everywhere


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("accept", {"version": 1, "due_on": "2020-01-01"}, "due_on"),
        ("accept", {"version": 1, "due_on": "9999-12-31"}, "due_on"),
        ("accept", {"version": 1}, "due_on"),
        ("accept", {"version": 0, "due_on": DUE}, "version"),
        ("accept", {"version": 1, "due_on": DUE, "owner_role": "Mrs Smith"}, "owner_role"),
        ("accept", {"version": 1, "due_on": DUE, "colour": "red"}, "colour"),
        ("decline", {"version": 1, "reason": "   "}, "reason"),
        ("decline", {"version": 1, "reason": "x" * 201}, "reason"),
        ("decline", {"version": 1}, "reason"),
    ],
)
async def test_a_bad_body_is_refused_by_its_field(house, act, body, field):
    """problem+json names the field; nothing changes."""
    async with house.client(Role.MANAGER, sites=["s"]) as client:
        task = await one(house, client)
        answer = await client.post(f"/v1/actions/{task['action_id']}:{act}", json=body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert len(await house.events()) == 1


async def test_other_sites_and_other_tenants_do_not_exist(house):
    """Not forbidden but not found, for reading and for acting."""
    async with house.client(Role.GOVERNANCE) as own:
        action_id = (await one(house, own))["action_id"]
    strangers = [
        house.client(Role.MANAGER, sites=["other"]),
        house.client(Role.GOVERNANCE, tenant="tenant2"),
    ]
    for stranger in strangers:
        async with stranger as client:
            read = await client.get(f"/v1/actions/{action_id}")
            act = await client.post(f"/v1/actions/{action_id}:accept", json={"version": 1, "due_on": DUE})
            site = await client.get("/v1/actions", params={"site": "s"})
            signals = await client.get("/v1/signals", params={"site": "s"})
            assert [answer.status_code for answer in (read, act, site, signals)] == [404] * 4
            assert (await client.get("/v1/actions")).json()["actions"] == []
    async with house.client(Role.GOVERNANCE) as own:
        assert (await own.get("/v1/actions", params={"site": "nowhere"})).status_code == 404
        assert (await own.get("/v1/actions", params={"site": "other"})).json()["actions"] == []
        assert (await own.get("/v1/actions/nothing")).status_code == 404


async def test_held_tasks_are_hidden_from_their_site(house):
    """The manager's list, the task and its acts are as if there were none; the group sees it."""
    await house.fold(handovers([60, 61], "h", site_id="other"))
    await house.fold(handovers([62], "held", site_id="other", visibility="held"))
    async with house.client(Role.GOVERNANCE) as group:
        [held] = (await group.get("/v1/actions", params={"site": "other"})).json()["actions"]
    path = f"/v1/actions/{held['action_id']}"
    for blind in (house.client(Role.MANAGER, sites=["other"]), house.client(Role.ANALYST)):
        async with blind as client:
            assert (await client.get("/v1/actions", params={"site": "other"})).json()["actions"] == []
            assert (await client.get(path)).status_code == 404
    async with house.client(Role.MANAGER, sites=["other"]) as manager:
        assert (await manager.post(f"{path}:accept", json={"version": 1, "due_on": DUE})).status_code == 404

    assert held["visibility"] == "held"


async def test_what_was_done_while_a_task_was_held_stays_with_those_who_saw_it(house):
    """Once shown, the site's history begins where the site's evidence was enough."""
    await house.fold(handovers([60, 61], "h", site_id="other"))
    await house.fold(handovers([62], "held", site_id="other", visibility="held"))
    await house.fold(handovers([63], "i", site_id="other"))
    async with house.client(Role.MANAGER, sites=["other"]) as manager, house.client(Role.GOVERNANCE) as group:
        task = await one(house, manager)
        path = f"/v1/actions/{task['action_id']}"
        site_history = (await manager.get(path)).json()["history"]
        group_history = (await group.get(path)).json()["history"]

    assert "held62" not in task["report_ids"]
    assert [line["type"] for line in site_history] == ["ActionChanged"]
    assert [line["type"] for line in group_history] == ["ActionProposed", "ActionChanged"]


async def test_roles_open_what_they_are_for(house):
    """Analysts read, feeds and operators have no business here, strangers are asked who they are."""
    async with house.client(Role.ANALYST) as analyst:
        task = await one(house, analyst)
        act = await analyst.post(f"/v1/actions/{task['action_id']}:complete", json={"version": 1})
        replay = await analyst.post("/v1/replay", json={"provider_id": "p", "from": "2026-03-02", "to": "2026-03-08"})
    async with house.client(Role.FEED) as feed:
        read = await feed.get("/v1/actions")
        feed.headers.pop("Authorization")
        unknown = await feed.get("/v1/actions")

    assert [answer.status_code for answer in (act, replay, read, unknown)] == [403, 403, 403, 401]


async def test_an_analyst_reads_tasks_without_what_people_typed(house):
    """Reason, notes and the history's words are blank for who only analyses; another role beside it reads them."""
    await house.fold(registered("s2"), handovers([0, 5, 9], "s2-", site_id="s2"))
    async with house.client(Role.GOVERNANCE) as group:
        declined, started = (await group.get("/v1/actions")).json()["actions"]
        refused, taken = f"/v1/actions/{declined['action_id']}", f"/v1/actions/{started['action_id']}"
        await group.post(f"{refused}:decline", json={"version": 1, "reason": "typed reason"})
        await group.post(f"{taken}:accept", json={"version": 1, "due_on": DUE})
        step = f"{taken}/steps/{started['steps'][0]['step_id']}:complete"
        await group.post(step, json={"version": 2, "note": "typed note"})
    addresses = (refused, taken, "/v1/actions?status=all")
    seen = {}
    for roles in ((Role.ANALYST,), (Role.ANALYST, Role.GOVERNANCE)):
        async with house.client(*roles) as client:
            seen[roles] = [await client.get(address) for address in addresses]
    alone, both = seen.values()

    assert [answer.status_code for answer in (*alone, *both)] == [200] * 6
    assert [answer.text.count("typed") for answer in alone] == [0, 0, 0]
    assert [answer.text.count("typed") for answer in both] == [2, 2, 2]
    assert [line["type"] for line in alone[0].json()["history"]] == ["ActionProposed", "ActionDeclined"]


@pytest.mark.parametrize("address", ["/v1/actions", "/v1/signals"])
@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 501}, "limit"),
        ({"after": "yesterday~x"}, "after"),
        ({"after": "0001-01-01T00:00:00+14:00~x"}, "after"),
    ],
)
async def test_a_page_that_cannot_be_is_refused_by_its_field(house, address, asked, field):
    """Both lists read their paging in the same way; the calendar's ends are no places."""
    async with house.client(Role.GOVERNANCE) as client:
        answer = await client.get(address, params=asked)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_list_goes_on_where_a_page_ended(house):
    """`next` leads through all tasks once, newest first; a made-up place is refused."""
    for site in ("a", "b", "c", "d"):
        await house.fold(registered(site), handovers([0, 5, 9], f"{site}-", site_id=site))
    async with house.client(Role.GOVERNANCE) as client:
        seen, after = [], {}
        while True:
            page = (await client.get("/v1/actions", params={"limit": 2, **after})).json()
            seen += [task["action_id"] for task in page["actions"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        whole = [task["action_id"] for task in (await client.get("/v1/actions")).json()["actions"]]
        wrong = await client.get("/v1/actions", params={"after": "yesterday"})

    assert len(seen) == 5
    assert seen == whole
    assert wrong.status_code == 422


async def test_two_acts_at_once_are_one_act_and_one_conflict(house):
    """Optimistic concurrency holds under a race: one wins, the other is told."""
    async with house.client(Role.GOVERNANCE) as client:
        path = f"/v1/actions/{(await one(house, client))['action_id']}"
        answers = await asyncio.gather(
            client.post(f"{path}:accept", json={"version": 1, "due_on": DUE}),
            client.post(f"{path}:decline", json={"version": 1, "reason": "No need."}),
        )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(await house.events()) == 2


async def test_a_completed_task_makes_room_for_the_next_one(house):
    """Reports told before the decision do not call again; three told after it do."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        task = await one(house, manager)
        body = {"version": 1, "reason": "The supplier changed the system last week."}
        await manager.post(f"/v1/actions/{task['action_id']}:decline", json=body)
        await house.fold(handovers([11, 12]))
        assert (await manager.get("/v1/actions")).json()["actions"] == []
        far = 36_500
        await house.fold(handovers([far, far + 1, far + 2], "later"))
        second = await one(house, manager)

    assert second["action_id"] != task["action_id"]
    assert second["report_ids"] == [f"later{far}", f"later{far + 1}", f"later{far + 2}"]


async def test_a_database_that_is_away_is_503(house):
    """Nothing half-done, and when to come again."""
    house.runtime.mongo.close()
    house.runtime.mongo._client = AsyncIOMotorClient("mongodb://127.0.0.1:9", serverSelectionTimeoutMS=200)
    async with house.client(Role.GOVERNANCE) as client:
        answer = await client.get("/v1/actions")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
