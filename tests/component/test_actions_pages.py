"""The pages of actions over HTTP: forms that keep what was typed, who may see what, and a policy that is kept."""

from __future__ import annotations

import html
import re

import pytest

from shared.kernel.principal import Role
from shared.runtime.auth import COOKIE
from tests.support.actions import handovers, open_house, registered
from tests.support.actions_pages import PREFIX, furnished, judged, raised, today, told

pytestmark = pytest.mark.engines
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix, root_path=PREFIX) as opened:
        yield opened


def words(text: str) -> str:
    """What a reader reads: without markup, spaces joined."""
    without = re.sub(r"<(title|desc|option)\b.*?</\1>", "", text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", without)))


async def page(client, path: str, status: int = 200) -> str:
    answer = await client.get(path, headers=HTML)
    assert answer.status_code == status, answer.text[:500]
    return answer.text


async def sent(client, path: str, status: int = 303, **form):
    answer = await client.post(path, data=form, headers=HTML)
    assert answer.status_code == status, answer.text[:500]
    return answer


async def test_every_page_is_small_and_keeps_the_policy_and_names_no_other_prefix(house):
    """Under 60 KB, no script, no inline style, nothing from elsewhere, every link under a prefix of the front door."""
    paths = await furnished(house)
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        for path in paths:
            answer = await lead.get(path.removeprefix(PREFIX), headers=HTML)
            assert answer.status_code == 200, path
            assert len(answer.content) < 60_000, path
            assert answer.headers["content-security-policy"].startswith("default-src 'none'"), path
            assert re.findall(r"<script|<style|\sstyle=|\son[a-z]+=|https?://|<iframe", answer.text) == [], path
            links = re.findall(r'(?:href|action)="([^"#]+)', answer.text)
            assert [one for one in links if not one.startswith(("/act/", "/in/", "/providers/", "/find", "/"))] == []


async def test_a_question_is_dismissed_only_with_a_reason_and_what_was_typed_stays(house):
    """The page comes back with what is wrong and the version seen; then it is kept, once, and says so."""
    await house.fold(registered())
    await told(house, "r0", "r1", "r2")
    signal = await raised(house)
    path = f"/signals/{signal.signal_id}"
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        refused = await sent(manager, path, 422, version="1", decision="dismissed", reason="")
        none = await sent(manager, path, 422, version="1")
        done = await sent(manager, path, version="1", decision="dismissed", reason="Double counted by Ann Smith.")
        stale = await sent(manager, path, 409, version="1", decision="watched", reason="My words.")
        after = words(await page(manager, path))

    assert "There is a problem" in refused.text
    assert 'value="dismissed" checked' in refused.text
    assert "Choose what you make of it." in none.text
    assert done.headers["location"] == f"{PREFIX}{path}?saved=yes"
    assert ("My words." in stale.text, "is at version 2, not 1" in stale.text) == (True, True)
    assert ("Dismissed by manager" in after, "Ann Smith" in after) == (True, False)


async def test_the_answer_of_a_question_opens_its_action_and_both_are_linked(house):
    """One press opens the playbook's action with the reports behind the question, and the review names it."""
    await house.fold(registered())
    await told(house, "r0", "r1", "r2")
    signal = await raised(house)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        shown = await page(manager, f"/signals/{signal.signal_id}")
        choice = re.search(r'value="(playbook:[^"]+)"', shown)
        assert choice is not None
        await sent(manager, f"/signals/{signal.signal_id}", version="1", decision=choice[1])
        tasks = (await manager.get("/v1/actions")).json()["actions"]
        review = (await manager.get(f"/v1/signals/{signal.signal_id}")).json()["review"]

    opened = [task for task in tasks if task["signal_id"] == signal.signal_id]
    assert [task["report_ids"] for task in opened] == [["r0", "r1", "r2"]]
    assert (review["decision"], review["action_id"]) == ("acted_on", opened[0]["action_id"])


async def test_an_action_goes_from_proposal_to_verified_by_its_pages(house):
    """Accepted with a date, its step ticked with evidence, completed; another person verifies, the first one cannot."""
    await house.fold(registered())
    async with (
        house.client(Role.MANAGER, sites=["s"]) as manager,
        house.client(Role.GOVERNANCE, subject="lead") as lead,
    ):
        made = await sent(manager, "/board/new", site="s", title="Move the rack", steps="Move it\n", strength="weaker")
        path = made.headers["location"].removeprefix(PREFIX).partition("?")[0]
        late = await sent(manager, path, 422, version="1", act="accept", due_on="2020-01-01")
        await sent(manager, path, version="1", act="accept", due_on="2099-01-01", owner_role="maintenance_lead")
        await sent(manager, f"{path}/steps/step-1", version="2", note="Four hang there.", count="4")
        await sent(manager, path, version="3", act="complete")
        own = await page(manager, path)
        await sent(lead, path, version="4", act="verify")
        after = words(await page(lead, path))

    assert 'value="2020-01-01"' in late.text
    assert "somebody else verifies it" in own
    assert ("Verified" in after, "Four hang there." in after, "weaker" in after.lower()) == (True, True, True)


async def test_a_remedy_shows_before_after_interval_and_verdict(house):
    """The verdict is the first sentence; two drawings of time, two of the interval; and the table behind them."""
    await furnished(house)
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        task = next(one for one in (await lead.get("/v1/actions")).json()["actions"] if one["status"] == "accepted")
        text = await page(lead, f"/actions/{task['action_id']}")

    assert "2 since the start, where about 8 would have come." in words(text)
    assert text.count("<svg") == 4
    assert "About 6 more weeks at these rates would show it." in words(text)
    assert "0.03 to 1.22" in words(text)


async def test_an_inspection_asks_of_each_asset_of_last_time_and_assumes_nothing(house):
    """Nothing is ticked beforehand; a fault counts as looked at; what is left out was not looked at."""
    await house.fold(registered())
    day = today(house).isoformat()
    body = {"site": "s", "title": "Hoists", "kind": "inspection", "rule": "FREQ=DAILY", "starts_on": day,
            "owner_role": "maintenance_lead"}  # fmt: skip
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        routine = (await manager.post("/v1/routines", json=body)).json()
        listed = (await manager.get("/v1/occurrences", params={"routine": routine["routine_id"]})).json()
        first, second = [one["occurrence_id"] for one in listed["occurrences"]][:2]
        empty = await sent(manager, f"/occurrences/{first}", 422, version="0")
        await sent(manager, f"/occurrences/{first}", version="0", more_assets="hoist 1\nhoist 2")
        form = await page(manager, f"/occurrences/{second}")
        said = {"known-1": "hoist 1", "state-1": "fault", "known-2": "hoist 2", "state-2": "not"}
        await sent(manager, f"/occurrences/{second}", version="0", **said)
        done = (await manager.get(f"/v1/occurrences/{second}")).json()

    assert "Names no asset" in empty.text
    assert ("hoist 2" in form, " checked" in form) == (True, False)
    assert (done["assets_checked"], done["assets_faulty"], done["wrong"]) == (["hoist 1"], ["hoist 1"], 1)


async def test_addresses_are_compared_once_and_not_kept(house):
    """The differences stand on the answer alone; the page afterwards has the counts, and the database no address."""
    await house.fold(registered())
    body = {"site": "s", "title": "Addresses", "kind": "verification", "rule": "FREQ=DAILY", "owner_role": "manager",
            "starts_on": today(house).isoformat()}  # fmt: skip
    files = {
        "records": ("a.csv", b"id,address,postcode\nc1,1 Invented Row,LS1 9ZZ\n", "text/csv"),
        "reference": ("b.csv", b"address,postcode\n9 Made Up Lane,LS2 9ZZ\n", "text/csv"),
    }
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        routine = (await manager.post("/v1/routines", json=body)).json()
        listed = (await manager.get("/v1/occurrences", params={"routine": routine["routine_id"]})).json()
        path = f"/occurrences/{listed['occurrences'][0]['occurrence_id']}"
        once = await manager.post(f"{path}/compare", files=files, headers=HTML)
        bad = await manager.post(f"{path}/compare", files=files | {"records": ("x", b"\xff\xfe", "text/csv")})
        after = await page(manager, path)

    assert (once.status_code, "1 Invented Row" in once.text) == (200, True)
    assert "Invented Row" not in after
    assert bad.status_code == 422
    for name in await house.db.list_collection_names():
        assert "Invented Row" not in str(await house.state(name)), name


async def test_what_is_held_or_elsewhere_is_on_no_page_of_the_site(house):
    """A held action, another site's question, another tenant: none is named, each is 404."""
    await house.fold(registered(), registered("other", "Other House"))
    await house.fold(handovers(range(0, 21, 3), visibility="held"))
    signal = await raised(house, site_id="other", sites=("other",))
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        held = (await lead.get("/v1/actions")).json()["actions"][0]
        assert held["title"] in await page(lead, "/board")
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        assert held["title"] not in await page(manager, "/board")
        assert "Other House" not in await page(manager, "/signals")
        for path in (f"/actions/{held['action_id']}", f"/signals/{signal.signal_id}", "/huddles/other/2026-03"):
            await page(manager, path, 404)
        await page(manager, "/meetings", 403)
    async with house.client(Role.GOVERNANCE, tenant="q") as stranger:
        await page(stranger, f"/actions/{held['action_id']}", 404)


async def test_readers_of_numbers_get_no_forms_and_no_words(house):
    """An analyst sees pictures and states; reasons and notes are left out, and acting is refused."""
    await house.fold(registered())
    await told(house, "r0", "r1", "r2")
    signal = await raised(house)
    path = f"/signals/{signal.signal_id}"
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        await sent(manager, path, version="1", decision="dismissed", reason="Counted twice.")
    async with house.client(Role.ANALYST) as analyst:
        text = await page(analyst, path)
        await sent(analyst, path, 403, version="2", decision="watched")

    assert ("Counted twice." in text, 'name="decision"' in text, "Dismissed" in text) == (False, False, True)


async def test_a_form_from_another_site_is_refused_and_who_is_not_signed_in_comes_back_here(house):
    """The cookie alone is not enough: the page must be ours; signing in leads back behind the prefix."""
    await house.fold(registered())
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        token = manager.headers.pop("authorization").removeprefix("Bearer ")
        away = await manager.get("/board", headers=HTML)
        manager.cookies.set(COOKIE, token)
        body = {"site": "s", "title": "Mine", "steps": "One"}
        foreign = await manager.post("/board/new", data=body, headers=HTML | {"sec-fetch-site": "cross-site"})
        ours = await manager.post("/board/new", data=body, headers=HTML | {"sec-fetch-site": "same-origin"})

    assert (away.status_code, away.headers["location"]) == (303, "/in/sign-in?next=%2Fact%2Fboard")
    assert (foreign.status_code, ours.status_code) == (403, 303)
    assert len(await house.events("ActionProposed")) == 1


async def test_a_meeting_is_held_decided_and_signed_by_its_page(house):
    """Attendance by role, a decision with owner and date, the signature; then no form is left and the hash holds."""
    await furnished(house)
    day = today(house).isoformat()
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        opened = await sent(lead, "/meetings", held_on=day)
        path = opened.headers["location"].removeprefix(PREFIX).partition("?")[0]
        version = (await lead.get(f"/v1{path}")).json()["version"]
        early = await sent(lead, path, 422, version=str(version), act="sign")
        await sent(lead, path, version=str(version), act="attended", governance_lead="1", registered_manager="3")
        said = {"words": "Watch one handover.", "owner_role": "registered_manager", "due_on": "2099-01-01"}
        await sent(lead, path, version=str(version + 1), act="decide", **said)
        await sent(lead, path, version=str(version + 2), act="sign")
        text = await page(lead, path)

    assert "Say who was there, by role." in early.text
    assert ("Unchanged since it was signed" in text, "Watch one handover." in text) == (True, True)
    assert ('value="sign"' in text, 'value="decide"' in text) == (False, False)
    assert (await house.events("MeetingSigned"))[0].meeting.attended == {"governance_lead": 1, "registered_manager": 3}


async def test_a_verdict_that_is_held_back_has_no_link_into_the_learning_log(house):
    """What is held from its site is never offered for publishing."""
    await house.fold(registered())
    await house.fold(handovers(range(0, 21, 3), visibility="held"))
    async with house.client(Role.GOVERNANCE, subject="lead") as lead:
        held = (await lead.get("/v1/actions")).json()["actions"][0]
        await judged(house, held["action_id"], visibility="held")
        text = await page(lead, f"/actions/{held['action_id']}")

    assert ("Looks like a fall" in text, "/learning/new" in text) == (True, False)
