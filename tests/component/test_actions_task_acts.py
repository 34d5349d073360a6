"""Opening, starting, changing, verifying and reopening tasks over HTTP, on a real mongod."""

from __future__ import annotations

import asyncio

import pytest

from services.actions.domain.strength import ONLY_WEAKER
from shared.contracts.intake import ReportWithdrawn
from shared.kernel.principal import Role
from tests.support.actions import MONDAY, handovers, open_house, registered, report

pytestmark = pytest.mark.engines
DUE = "2099-01-04"
OWN = {
    "site": "s",
    "title": "Move the sling rack",
    "strength": "stronger",
    "owner_role": "maintenance_lead",
    "steps": [{"title": "Move it", "evidence_asked": "How many slings hang there"}],
}


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        await opened.fold(registered(), registered("other", "Other House"))
        yield opened


async def opened(client, **changes) -> dict:
    answer = await client.post("/v1/actions", json=OWN | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def act(client, task: dict, name: str, **body) -> dict:
    """Do something with a task as it was last seen."""
    path = f"/v1/actions/{task['action_id']}"
    answer = await client.post(f"{path}{name}", json={"version": task["version"], **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def completed(client, **changes) -> dict:
    task = await opened(client, **changes)
    task = await act(client, task, ":accept", due_on=DUE)
    task = await act(client, task, ":start")
    for step in task["steps"]:
        task = await act(client, task, f"/steps/{step['step_id']}:complete", note="Done.", count=4, file="rack.jpg")
    return await act(client, task, ":complete")


async def test_a_task_of_ones_own_goes_from_opening_to_verified_and_back(house):
    """Each act is one version, one history line and one event; another person verifies, and reopening says why."""
    async with (
        house.client(Role.MANAGER, sites=["s"]) as manager,
        house.client(Role.GOVERNANCE, subject="user-2") as group,
    ):
        task = await completed(manager)
        own = await manager.post(f"/v1/actions/{task['action_id']}:verify", json={"version": task["version"]})
        verified = await act(group, task, ":verify")
        said = await act(manager, verified, ":comment", comment="Ring me on 07700 900123.")
        again = await act(group, said, ":reopen", reason="The rack is back.", steps=["step-1"])
        history = (await manager.get(f"/v1/actions/{task['action_id']}")).json()["history"]

    assert (own.status_code, "by who completed it" in own.json()["detail"]) == (409, True)
    assert (verified["status"], verified["verified_by_role"]) == ("verified", "governance")
    assert (again["status"], again["reopened"], again["comments"]) == ("in_progress", 1, 1)
    assert (task["steps"][0]["count"], task["steps"][0]["file"]) == (4, "rack.jpg")
    assert again["steps"][0]["done_at"] is None
    types = [
        *("ActionProposed", "ActionAccepted", "ActionStarted", "ActionStepCompleted", "ActionCompleted"),
        *("ActionVerified", "ActionChanged", "ActionReopened"),
    ]
    assert [line["type"] for line in history] == types
    assert history[6]["words"] == "Ring me on [PHONE_1]."
    events = await house.events()
    assert [event.type for event in events] == types
    assert [event.action.version for event in events] == list(range(1, 9))
    assert len({event.event_id for event in events}) == 8
    sent = b"".join(row["value"] for row in await house.state("outbox"))
    assert (b"Ring me" in sent, b"rack.jpg" in sent, b"user-" in sent) == (False, False, False)


async def test_a_task_is_opened_from_a_playbook_once(house):
    """The playbook says what is to be done; a second open task of it is refused and names the first."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        books = (await manager.get("/v1/playbooks", params={"domain": "fire_safety"})).json()["playbooks"]
        body = {"site": "s", "playbook": "fire-routes-and-doors", "asset": "door 4"}
        first = await manager.post("/v1/actions", json=body)
        second = await manager.post("/v1/actions", json=body)

    assert [book["id"] for book in books] == ["fire-routes-and-doors"]
    assert [step["title"] for step in first.json()["steps"]] == [step["title"] for step in books[0]["steps"]]
    assert (first.status_code, first.json()["asset"], first.json()["cadence"]) == (
        201,
        "door 4",
        "FREQ=WEEKLY;BYDAY=WE",
    )
    assert (second.status_code, first.json()["action_id"] in second.json()["detail"]) == (409, True)
    assert [event.type for event in await house.events()] == ["ActionProposed"]


async def test_two_at_once_open_one_task_of_a_playbook(house):
    """A double click is one task and one conflict."""
    async with house.client(Role.GOVERNANCE) as client:
        body = {"site": "s", "playbook": "mar-audit"}
        answers = await asyncio.gather(*(client.post("/v1/actions", json=body) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert len(await house.events()) == 1


async def test_a_task_by_hand_takes_the_place_of_the_proposal(house):
    """Matching reports are linked to the open task of the playbook, whoever opened it."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        task = (
            await manager.post("/v1/actions", json={"site": "s", "playbook": "medication-handover-checklist"})
        ).json()
        await house.fold(handovers([0, 5, 9]))
        [linked] = (await manager.get("/v1/actions")).json()["actions"]

    assert (linked["action_id"], linked["report_ids"]) == (task["action_id"], ["r0", "r5", "r9"])


async def test_reports_are_linked_and_leave_when_withdrawn(house):
    """Two tasks without a playbook both lose a withdrawn report; neither is mistaken for the other."""
    await house.fold(handovers([0, 1]))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await opened(manager, reports=["r0", "r1"])
        await opened(manager, reports=["r0"], title="Another")
        await house.fold([report("r0", MONDAY, ReportWithdrawn, 2)])
        found = (await manager.get("/v1/actions")).json()["actions"]

    assert sorted((task["title"], task["report_ids"]) for task in found) == [
        ("Another", []),
        ("Move the sling rack", ["r1"]),
    ]


async def test_what_is_held_is_linked_only_by_those_who_see_it(house):
    """The manager's link to a held report is as if there were none; the group's makes the task held."""
    await house.fold(handovers([3], "held", visibility="held"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager, house.client(Role.GOVERNANCE) as group:
        blind = await manager.post("/v1/actions", json=OWN | {"reports": ["held3"]})
        task = await opened(group, reports=["held3"])
        unseen = await manager.get(f"/v1/actions/{task['action_id']}")

    assert (blind.status_code, blind.json()["errors"][0]["field"]) == (422, "reports")
    assert (task["visibility"], unseen.status_code) == ("held", 404)


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"title": None}, 422, "title"),
        ({"steps": []}, 422, "steps"),
        ({"strength": "heroic"}, 422, "strength"),
        ({"playbook": "fire-routes-and-doors"}, 422, "title"),
        ({"reports": ["nothing"]}, 422, "reports"),
        ({"signal_id": "nothing"}, 422, "signal_id"),
        ({"asset": "hoist of Mr John Smith"}, 422, "asset"),
        ({"title": " "}, 422, "title"),
        ({"site": "nowhere"}, 404, None),
        ({"site": "other"}, 404, None),
    ],
)
async def test_a_task_that_cannot_be_is_refused_by_its_field(house, changes, status, field):
    """What lacks, contradicts or refers to nothing is named; nothing changes."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = await manager.post("/v1/actions", json=OWN | changes)

    assert answer.status_code == status, answer.text
    assert field is None or answer.json()["errors"][0]["field"] == field
    assert await house.events() == []


async def test_a_playbook_that_is_not_known_is_refused(house):
    """The answer says where the known ones stand."""
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        answer = await manager.post("/v1/actions", json={"site": "s", "playbook": "magic"})

    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        [{"field": "playbook", "detail": "see /v1/playbooks"}],
    )


async def test_a_plan_of_weaker_actions_alone_is_warned_of(house):
    """Said where it is opened, accepted and read, until the plan has an action that does not rest on memory."""
    await house.fold(handovers([0]))
    weak = {"strength": "weaker", "title": "Remind everybody", "reports": ["r0"]}
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        task = await opened(manager, **weak)
        accepted = await act(manager, task, ":accept", due_on=DUE)
        await opened(manager, reports=["r0"])
        read = (await manager.get(f"/v1/actions/{task['action_id']}")).json()

    assert [task["warning"], accepted["warning"], read["warning"]] == [ONLY_WEAKER, ONLY_WEAKER, None]


async def test_illegal_acts_name_status_and_act(house):
    """Verifying what is open, starting twice, reopening what is not closed: 409, and nothing changes."""
    async with house.client(Role.GOVERNANCE) as client:
        task = await opened(client)
        path = f"/v1/actions/{task['action_id']}"
        answers = [
            await client.post(f"{path}:verify", json={"version": 1}),
            await client.post(f"{path}:start", json={"version": 1}),
            await client.post(f"{path}:reopen", json={"version": 1, "reason": "x"}),
            await client.patch(path, json={"version": 1, "due_on": DUE}),
            await client.post(f"{path}:comment", json={"version": 7, "comment": "x"}),
        ]

    assert [answer.status_code for answer in answers] == [409] * 5
    assert [answer.json()["detail"].split(" is ")[1].split(":")[0] for answer in answers] == [
        "proposed and cannot be verified",
        "proposed and cannot be started",
        "proposed and cannot be reopened",
        "proposed and cannot be changed",
        "at version 1, not 7",
    ]
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert len(await house.events()) == 1


async def test_date_and_owner_move(house):
    """A change is a version and an event; the file name of a step must be one."""
    async with house.client(Role.GOVERNANCE) as client:
        task = await act(client, await opened(client), ":accept", due_on=DUE)
        path = f"/v1/actions/{task['action_id']}"
        moved = await client.patch(path, json={"version": 2, "due_on": "2099-02-01", "owner_role": "deputy_manager"})
        folder = await client.post(f"{path}/steps/step-1:complete", json={"version": 3, "file": "../../etc/passwd"})

    assert (moved.json()["due_on"], moved.json()["owner_role"]) == ("2099-02-01", "deputy_manager")
    assert (folder.status_code, folder.json()["errors"][0]["field"]) == (422, "file")
    assert [event.type for event in await house.events()][-1] == "ActionChanged"


async def test_a_task_is_not_reopened_beside_another_of_its_playbook(house):
    """One open task per site and playbook stays true; the conflict names the open one."""
    async with house.client(Role.GOVERNANCE) as client:
        body = {"site": "s", "playbook": "mar-audit"}
        first = (await client.post("/v1/actions", json=body)).json()
        declined = await act(client, first, ":decline", reason="No need.")
        second = (await client.post("/v1/actions", json=body)).json()
        path = f"/v1/actions/{declined['action_id']}:reopen"
        refused = await client.post(path, json={"version": 2, "reason": "Needed after all."})
        await act(client, second, ":decline", reason="The first one does.")
        again = await client.post(path, json={"version": 2, "reason": "Needed after all."})

    assert first["action_id"] != second["action_id"]
    assert (refused.status_code, second["action_id"] in refused.json()["detail"]) == (409, True)
    assert (again.status_code, again.json()["status"]) == (200, "proposed")


async def test_analysts_and_strangers_do_not_act(house):
    """Analysts read; another site's or tenant's task does not exist."""
    async with house.client(Role.GOVERNANCE) as client:
        path = f"/v1/actions/{(await opened(client))['action_id']}"
    codes = []
    for stranger in (
        house.client(Role.ANALYST),
        house.client(Role.MANAGER, sites=["other"]),
        house.client(Role.GOVERNANCE, tenant="tenant2"),
    ):
        async with stranger as client:
            answers = [
                await client.post("/v1/actions", json=OWN),
                await client.post(f"{path}:comment", json={"version": 1, "comment": "x"}),
                await client.patch(path, json={"version": 1, "due_on": DUE}),
            ]
            codes.append([answer.status_code for answer in answers])

    assert codes == [[403] * 3, [404] * 3, [404] * 3]
