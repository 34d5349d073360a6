"""People, their roles and own keys, assets, and keys replaced without a gap, through intake's HTTP over real mongod."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from services.intake.domain.assets import ASSET_COLUMNS
from services.intake.domain.people_rows import PEOPLE_COLUMNS
from tests.support.intake import NOW, PUBLIC_PEM, Intake, running

pytestmark = pytest.mark.engines
CSV = {"Content-Type": "text/csv"}
HEADING = ",".join(PEOPLE_COLUMNS) + "\n"
ADA = "17,Ada Example,manager,elm,,2026-03-09,2026-03-13,\n"
BEN = "18,Ben Example,group_lead,,,,,\n18,Ben Example,on_call,,mon-fri 17:00-09:00; sat-sun 09:00-09:00,,,\n"


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def plan(intake: Intake, key: str, rows: str):
    return await intake.call("POST", "/v1/people:plan", key, content=HEADING + rows, headers=CSV)


async def apply(intake: Intake, key: str, rows: str) -> None:
    shown = (await plan(intake, key, rows)).json()
    done = await intake.call(
        "POST", f"/v1/people:apply?plan_id={shown['plan_id']}", key, content=HEADING + rows, headers=CSV
    )
    assert done.status_code == 200, done.text


async def user_of(intake: Intake, key: str, person_id: str) -> str:
    listed = (await intake.call("GET", "/v1/people", key)).json()["people"]
    return next(one["user_id"] for one in listed if one["person_id"] == person_id)


async def test_what_a_list_changes_is_shown_and_exactly_that_is_applied(intake: Intake) -> None:
    """A plan names joiners, changes and leavers, writes nothing, and fits only the list and state it was made of."""
    key = await intake.key("governance")
    await apply(intake, key, ADA + BEN)

    moved = ADA.replace("elm", "ash")
    shown = (await plan(intake, key, moved + "19,Cy Example,deputy,elm,,,,\n")).json()
    untouched = (await intake.call("GET", "/v1/people", key)).json()["people"]
    other_list = await intake.call(
        "POST", f"/v1/people:apply?plan_id={shown['plan_id']}", key, content=HEADING + moved, headers=CSV
    )

    said = {(one["kind"], one["person_id"]): one["details"] for one in shown["differences"]}
    assert said == {
        ("joins", "19"): ["deputy at elm"],
        ("changes", "17"): ["no longer manager at elm", "now manager at ash"],
        ("leaves", "18"): ["keys, links and roles end at once"],
    }
    assert {one["person_id"] for one in untouched} == {"17", "18"}
    assert other_list.status_code == 409


async def test_others_learn_who_holds_a_role_and_no_name(intake: Intake) -> None:
    """The events carry opaque ids, leave, on-call hours and the role's address; a list sent again says nothing new."""
    key = await intake.key("governance")
    await apply(intake, key, ADA + BEN)
    address = "role,site_id,work_address\non_call,,oncall@example.org\n"
    first = await intake.call("POST", "/v1/roles:import", key, content=address, headers=CSV)
    again = await intake.call("POST", "/v1/roles:import", key, content=address, headers=CSV)
    shown = (await plan(intake, key, ADA + BEN)).json()

    events = await intake.outbox("sites")
    latest = {(event.get("site_id"), event["role"]): event for event in events}
    assert (first.json()["changed"], again.json()["changed"]) == (1, 0)
    assert (shown["differences"], shown["roles_changed"], shown["unchanged"]) == ([], 0, 2)
    assert set(latest) == {("elm", "manager"), (None, "group_lead"), (None, "on_call")}
    manager, on_call = latest["elm", "manager"], latest[None, "on_call"]
    assert manager["holders"][0]["away_to"] == "2026-03-13"
    assert (on_call["work_address"], on_call["revision"]) == ("oncall@example.org", 2)
    assert [hours["days"] for hours in on_call["holders"][0]["on_call"]] == [
        ["mon", "tue", "wed", "thu", "fri"],
        ["sat", "sun"],
    ]
    assert "Example" not in repr(events)


async def test_a_list_with_a_fault_changes_nobody(intake: Intake) -> None:
    """A faulty line, an unknown site or an empty list refuses the whole: who is missing would be let go."""
    key = await intake.key("governance")
    await apply(intake, key, ADA + BEN)

    for rows, fields in (
        ("17,Ada Example,boss,elm,,,,\n", {"role"}),
        ("17,Ada Example,manager,nowhere,,,,\n", {"site_id"}),
        ("17,Ada Example,manager,,,,,\n", {"site_id"}),
        ("17,Ada Example,group_lead,elm,,,,\n", {"site_id"}),
        ("17,Ada Example,on_call,elm,whenever,,,\n", {"on_call"}),
        ("17,Ada Example,manager,elm,,2026-03-09,2026-03-01,\n", {"away_to"}),
        (ADA + "17,Ada Other,deputy,elm,,,,\n", {"person_id"}),
        ("", {None}),
    ):
        answer = await plan(intake, key, rows)
        assert answer.status_code == 422, rows
        assert {fault.get("field") for fault in answer.json()["errors"]} >= fields, answer.text


async def test_a_persons_own_key_follows_what_they_hold(intake: Intake) -> None:
    """It names the person, opens the sites of their roles, moves with them, and is shut when they leave."""
    intake.clock.moment = datetime.now(UTC).replace(microsecond=0)
    governance = await intake.key("governance")
    await apply(intake, governance, ADA + BEN)
    user_id = await user_of(intake, governance, "17")
    made = await intake.call("POST", "/v1/keys", governance, json={"user_id": user_id, "label": "own"})
    own = made.json()["key"]

    def said(token: str) -> dict[str, object]:
        return jwt.decode(token, PUBLIC_PEM, algorithms=["EdDSA"], audience="nearmiss")

    before = said((await intake.call("POST", "/v1/tokens", own)).json()["token"])
    await apply(intake, governance, ADA.replace("elm", "ash") + BEN)
    after = said((await intake.call("POST", "/v1/tokens", own)).json()["token"])
    await apply(intake, governance, BEN)
    shut = await intake.call("POST", "/v1/tokens", own)

    assert (before["sub"], before["cred"]) == (f"user:{user_id}", f"key:{made.json()['key_id']}")
    assert (before["sites"], before["roles"], after["sites"]) == (["elm"], ["manager"], ["ash"])
    assert shut.status_code == 401
    assert "holds no role" in shut.json()["detail"]


async def test_a_last_day_ends_every_proof_at_its_midnight(intake: Intake) -> None:
    """A session opened in the evening of the last day ends with that day in England, not hours into the next one."""
    intake.clock.moment = datetime(2026, 3, 4, 23, 0, tzinfo=UTC)
    governance = await intake.key("governance")
    await apply(intake, governance, ADA.replace(",\n", ",2026-03-04\n") + BEN)
    user_id = await user_of(intake, governance, "17")
    own = (await intake.call("POST", "/v1/keys", governance, json={"user_id": user_id})).json()["key"]

    token = (await intake.call("POST", "/v1/tokens", own)).json()
    intake.clock.moment += timedelta(hours=1)
    shut = await intake.call("POST", "/v1/tokens", own)

    assert token["expires_at"] == "2026-03-05T00:00:00Z"
    assert shut.status_code == 401


async def test_one_cannot_become_the_manager_of_all_by_another_role(intake: Intake) -> None:
    """Who leads safeguarding everywhere and manages one home has two reaches, and a link for each."""
    governance = await intake.key("governance")
    await apply(intake, governance, ADA + "17,Ada Example,safeguarding_lead,,,2026-03-09,2026-03-13,\n")
    user_id = await user_of(intake, governance, "17")
    intake.clock.moment = datetime.now(UTC).replace(microsecond=0)

    found = []
    for roles in ([], ["manager"]):
        made = await intake.call("POST", "/v1/keys", governance, json={"user_id": user_id, "roles": roles})
        token = (await intake.call("POST", "/v1/tokens", made.json()["key"])).json()["token"]
        claims = jwt.decode(token, PUBLIC_PEM, algorithms=["EdDSA"], audience="nearmiss")
        found.append((claims["sites"], claims["roles"]))

    assert found == [(None, ["safeguarding"]), (["elm"], ["manager"])]


async def test_people_are_their_own_providers_business(intake: Intake) -> None:
    """Another provider sees and changes nobody; a key for one site, or a manager's, gets nowhere."""
    own, other = await intake.key("governance"), await intake.key("governance", provider="other")
    await apply(intake, own, ADA + BEN)
    await apply(intake, other, "17,Zed Other,group_lead,,,,,\n")
    user_id = await user_of(intake, own, "17")

    assert len((await intake.call("GET", "/v1/people", own)).json()["people"]) == 2
    assert (await intake.call("GET", "/v1/people?provider_id=rowan", other)).status_code == 404
    assert (await intake.call("POST", "/v1/keys", other, json={"user_id": user_id})).status_code == 422
    assert await user_of(intake, other, "17") != user_id
    for refused in (await intake.key("governance", sites=["elm"]), await intake.key("manager")):
        assert (await intake.call("GET", "/v1/people", refused)).status_code == 403


async def test_a_key_is_replaced_without_a_gap(intake: Intake) -> None:
    """Old and new key both open during the overlap, then the new one alone; a stranger's key is not known."""
    old = await intake.key("feed", sites=["elm"], expires_at=(NOW + timedelta(days=30)).isoformat())
    old_id = old.removeprefix("nmk_").partition(".")[0]
    stranger = await intake.key("governance", provider="other")

    answer = await intake.call("POST", f"/v1/keys/{old_id}:rotate", old, json={"overlap_hours": 2})
    new = answer.json()["key"]
    during = [(await intake.call("GET", "/v1/registry/sites", key)).status_code for key in (old, new)]
    intake.clock.moment += timedelta(hours=2)
    after = [(await intake.call("GET", "/v1/registry/sites", key)).status_code for key in (old, new)]

    assert answer.status_code == 201
    assert (during, after) == ([200, 200], [401, 200])
    assert answer.json()["old_expires_at"] == "2026-03-04T14:00:00Z"
    assert (await intake.call("POST", f"/v1/keys/{old_id}:rotate", new)).status_code == 404
    new_id = answer.json()["key_id"]
    assert (await intake.call("POST", f"/v1/keys/{new_id}:rotate", stranger)).status_code == 404


async def test_assets_are_registered_and_listed_page_by_page(intake: Intake) -> None:
    """Good rows become events with their examinations, faulty ones are named, and a site's key sees its own only."""
    heading = ",".join(ASSET_COLUMNS) + "\n"
    rows = (
        "rowan,elm,Hoist 3,hoist,Mobile hoist,provider,,2021-05-10,,loler:2025-10-06:2026-04-06;service::\n"
        "rowan,elm,stairlift,stairlift,,landlord,Northshire Homes,,,\n"
        "rowan,ash,hoist 1,hoist,,provider,,,,\n"
        "rowan,elm,hoist-3,hoist,,provider,,,,\n"
        "rowan,nowhere,hoist 1,hoist,,provider,,,,\n"
        "rowan,elm,bed 1,bed,,nobody,,,,loler:soon\n"
        "other,oak,hoist 1,hoist,,provider,,,,\n"
    )
    key, manager = await intake.key("governance"), await intake.key("manager", sites=["elm"])

    first = await intake.call("POST", "/v1/assets:import", key, content=heading + rows, headers=CSV)
    again = await intake.call("POST", "/v1/assets:import", key, content=heading + rows, headers=CSV)
    pages, after = [], ""
    while True:
        page = (await intake.call("GET", f"/v1/assets?limit=2{after}", key)).json()
        pages.append([(one["site_id"], one["asset_id"]) for one in page["assets"]])
        if not page["next"]:
            break
        after = f"&after={page['next']}"
    seen = (await intake.call("GET", "/v1/assets", manager)).json()["assets"]
    beyond = (await intake.call("GET", "/v1/assets?site_id=ash", manager)).json()["assets"]

    assert (first.json()["changed"], again.json()["changed"], again.json()["unchanged"]) == (3, 0, 3)
    faults = {(one["line"], one["field"]) for one in first.json()["errors"]}
    assert faults == {(5, "number"), (6, "site_id"), (7, "owner"), (7, "inspections"), (8, "site_id")}
    assert pages == [[("ash", "hoist-1"), ("elm", "hoist-3")], [("elm", "stairlift")]]
    assert [one["asset_id"] for one in seen] == ["hoist-3", "stairlift"]
    assert beyond == []
    events = {(e["site_id"], e["asset"]["asset_id"]): e for e in await intake.outbox("sites")}
    hoist = events["elm", "hoist-3"]
    assert (hoist["type"], hoist["asset"]["inspections"][0]["due_on"]) == ("AssetRegistered", "2026-04-06")
