"""Cards, alerts and people told on a real mongod: raised by the fold, sent by rounds, acted on over HTTP."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import pytest

from services.actions.ports.oversight import ChannelFailed
from shared.contracts.intake import ReportAmended, ReportWithdrawn
from shared.kernel.principal import Role
from tests.support.actions import corrected, open_house, registered, report
from tests.support.clock import CLOCK, TODAY
from tests.support.oversight import Mailroom, held_by

pytestmark = pytest.mark.engines
DEADLY = {"potential_severity": "death", "how_caught": ["double_check"]}
EVERYBODY = ("on_call", "deputy")


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


@pytest.fixture
def room(house):
    return Mailroom(house, CLOCK.now())


def received(number: str, **changes):
    """A report that was accepted just now."""
    return report(number, TODAY, received_at=CLOCK.now(), **changes)


async def staffed(house) -> None:
    """A site with people on call and a deputy, in a group with people on call."""
    holders = [held_by(role, f"u-{role}") for role in (*EVERYBODY, "safeguarding_lead")]
    await house.fold(registered(), holders, held_by("on_call", "u-group", site=None))


async def test_a_card_that_its_site_sees_names_no_action_that_is_held_from_it(house):
    """Who sees both is told to name another one; a held report's card may name it."""
    await house.fold(registered(), received("r1"), received("r2", visibility="held"))
    await house.fold(corrected("r1", **DEADLY), corrected("r2", **DEADLY))
    async with house.client(Role.SAFEGUARDING) as lead:
        planned = {"site": "s", "title": "Look into it", "strength": "stronger", "owner_role": "safeguarding_lead"}
        planned |= {"steps": [{"title": "Ask"}], "reports": ["r2"]}
        action = (await lead.post("/v1/actions", json=planned)).json()["action_id"]
        answers = {}
        for card in (await lead.get("/v1/cards")).json()["cards"]:
            clearing = {"version": card["version"], "in_the_way": "Another check.", "action_id": action}
            answer = await lead.post(f"/v1/cards/{card['card_id']}:clear", json=clearing)
            answers[card["report_id"]] = answer.status_code
    assert answers == {"r1": 422, "r2": 200}


async def test_a_report_that_could_have_killed_is_a_card_until_somebody_says_what_stands_in_its_way(house):
    """Raised once with its event, read by the site, cleared with words of which names are taken out."""
    await house.fold(registered(), received("r1"), corrected("r1", **DEADLY))
    await house.fold(received("r1"), corrected("r1", **DEADLY))
    (raised,) = await house.events("CardRaised")
    assert (raised.card.why, raised.card.for_roles) == ("potential_death", ("manager", "group_lead"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        page = (await manager.get("/v1/cards")).json()["cards"]
        assert [card["report_id"] for card in page] == ["r1"]
        address = f"/v1/cards/{page[0]['card_id']}"
        assert (await manager.post(f"{address}:clear", json={"version": 1, "in_the_way": " "})).status_code == 422
        body = {"version": 1, "in_the_way": "Nurse Margaret Whitfield checks each blister pack."}
        done = await manager.post(f"{address}:clear", json=body)
        assert done.status_code == 200
        assert "Whitfield" not in done.text
        assert (await manager.post(f"{address}:clear", json=body)).status_code == 409
        assert (await manager.get("/v1/cards")).json()["cards"] == []
        history = (await manager.get(address)).json()["history"]
        assert [line["type"] for line in history] == ["CardRaised", "CardCleared"]
    (cleared,) = await house.events("CardCleared")
    assert (cleared.by_role, cleared.card.ended) == ("manager", "recorded")


async def test_a_card_follows_withdrawal_and_is_hidden_where_its_report_is_held(house):
    """Another tenant and another site get 404; a held card is there for safeguarding alone."""
    await house.fold(registered(), received("r1", visibility="held"), corrected("r1", **DEADLY))
    (raised,) = await house.events("CardRaised")
    address = f"/v1/cards/{raised.card.card_id}"
    for who in (
        house.client(Role.MANAGER, sites=["s"]),
        house.client(Role.MANAGER, sites=["other"]),
        house.client(Role.GOVERNANCE, tenant="q"),
    ):
        async with who as client:
            assert (await client.get(address)).status_code == 404
            assert (await client.get("/v1/cards")).json()["cards"] == []
            clearing = {"version": 1, "in_the_way": "A lock."}
            assert (await client.post(f"{address}:clear", json=clearing)).status_code == 404
    async with house.client(Role.SAFEGUARDING) as lead:
        assert (await lead.get(address)).json()["visibility"] == "held"
    await house.fold(received("r1", kind=ReportWithdrawn, revision=2, visibility="held"))
    (cleared,) = await house.events("CardCleared")
    assert cleared.card.ended == "withdrawn"


async def test_an_alert_reaches_the_role_on_call_within_a_minute_and_says_only_a_number_and_a_link(house, room):
    """From acceptance to sending; nobody is told of the words, the person or the place."""
    await staffed(house)
    await house.fold(received("r1", text="Invented words about the stairs."), corrected("r1", escalate=["police"]))
    await room.after(seconds=1)

    (message,) = room.channel.messages
    assert message.addresses == ("on_call.s@care.example",)
    whole = message.subject + message.body
    assert "r1" in message.body
    assert message.link in message.body
    assert "stairs" not in whole
    (sent,) = await house.events("NotificationSent")
    assert sent.notification.user_ids == ("u-on_call",)
    assert sent.notification.sent_at - sent.notification.accepted_at < timedelta(seconds=60)
    await room.after(seconds=1)
    assert len(room.channel.messages) == 1


async def test_an_alert_that_nobody_answers_goes_to_the_deputy_and_then_to_the_group(house, room):
    """Each after the set time; the last one is not passed on."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=["death"]))
    await room.after(seconds=1)
    await room.after(minutes=14)
    assert len(room.channel.messages) == 1
    for _ in range(4):
        await room.after(minutes=16)

    assert room.channel.addresses == ["on_call.s@care.example", "deputy.s@care.example", "on_call.group@care.example"]
    steps = [event.notification.step for event in await house.events("NotificationSent")]
    assert steps == [1, 2, 3]


@pytest.mark.parametrize(
    ("code", "act"),
    [("police", "uphold"), ("riddor", "remove"), ("death", "remove")],
    ids=["stands", "removed", "proposed"],
)
async def test_an_escalation_that_somebody_decided_wakes_nobody_else(house, room, code, act):
    """Also where the removal still waits for its second reader: somebody has read it."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=[code]))
    await room.after(seconds=1)
    assert room.channel.addresses == ["on_call.s@care.example"]
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        body = {"version": 0, "reason": "Read with the nurse."}
        decided = await manager.post(f"/v1/reports/r1/escalation:{act}", json=body)
        assert decided.status_code == 200, decided.text
    for _ in range(3):
        await room.after(minutes=16)

    assert room.channel.addresses == ["on_call.s@care.example"]


async def test_an_escalation_decided_before_its_alert_went_out_sends_none(house, room):
    """What waited is settled with the decision."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=["riddor"]))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        body = {"version": 0, "reason": "No lifting equipment."}
        assert (await manager.post("/v1/reports/r1/escalation:remove", json=body)).status_code == 200
    await house.fold(corrected("r1", 2, domains=["equipment"]))
    await room.after(minutes=20)

    assert room.channel.messages == []


async def test_messages_are_listed_before_any_try_to_send_them_and_when_none_was_needed(house, room):
    """No channel has had them yet, or ever will."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=["riddor"]))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        waiting = (await manager.get("/v1/notifications")).json()["notifications"]
        body = {"version": 0, "reason": "No lifting equipment."}
        assert (await manager.post("/v1/reports/r1/escalation:remove", json=body)).status_code == 200
        (settled,) = (await manager.get("/v1/notifications")).json()["notifications"]
        one = await manager.get(f"/v1/notifications/{settled['notification_id']}")

    assert [(notice["status"], notice["channel"]) for notice in waiting] == [("waiting", "")]
    assert (settled["status"], settled["channel"], one.json()) == ("settled", "", settled)


async def test_a_card_that_was_cleared_wakes_nobody_else(house, room):
    """Somebody has said what stands in the way, though nobody pressed the message's button."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", **DEADLY))
    await room.after(seconds=1)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        (card,) = (await manager.get("/v1/cards")).json()["cards"]
        body = {"version": 1, "in_the_way": "The gate is locked now."}
        assert (await manager.post(f"/v1/cards/{card['card_id']}:clear", json=body)).status_code == 200
    await room.after(minutes=16)

    assert room.channel.addresses == ["on_call.s@care.example"]


async def test_the_link_says_that_it_was_seen_only_by_its_button_and_then_nobody_else_is_asked(house, room):
    """A mail scanner that opens the link changes nothing; the button needs no sign-in and works once."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=["death"]))
    await room.after(seconds=1)
    secret = room.channel.messages[0].link.rsplit("/", 1)[1]
    async with house.client(Role.FEED) as anybody:
        del anybody.headers["Authorization"]
        page = await anybody.get(f"/seen/{secret}")
        assert page.status_code == 200
        assert "I have seen it" in page.text
        assert page.headers["referrer-policy"] == "no-referrer"
        assert await house.events("NotificationAcknowledged") == []
        said = await anybody.post(f"/seen/{secret}", headers={"sec-fetch-site": "same-origin"})
        assert said.status_code == 303
        assert "Nobody else is asked" in (await anybody.get(f"/seen/{secret}")).text
        assert (await anybody.get("/seen/secret-of-nobody")).status_code == 404
        forged = await anybody.post(f"/seen/{secret}", headers={"origin": "https://elsewhere.example"})
        assert forged.status_code == 403
    (seen,) = await house.events("NotificationAcknowledged")
    assert seen.notification.acknowledged_by_role == "on_call"
    await room.after(minutes=60)
    assert len(room.channel.messages) == 1
    assert secret not in json.dumps(await house.state("notices"), default=str)


async def test_a_deputy_who_answers_ends_it_for_all(house, room):
    """Signed in, at the second step: the group is not woken."""
    await staffed(house)
    await house.fold(received("r1", worry=4))
    await room.after(seconds=1)
    assert room.channel.messages == []
    await room.after(seconds=9)
    await room.after(minutes=16)
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        notes = (await manager.get("/v1/notifications")).json()["notifications"]
        second = next(note for note in notes if note["step"] == 2)
        answer = await manager.post(f"/v1/notifications/{second['notification_id']}:acknowledge")
        assert answer.json()["status"] == "acknowledged"
        assert answer.json()["seconds_to_sent"] > 0
    await room.after(minutes=60)
    assert len(room.channel.messages) == 2


async def test_a_site_without_anybody_falls_back_to_its_group_and_says_so(house, room):
    """A leaver or an empty registry never means that nobody is asked while the group has somebody."""
    await house.fold(registered(), held_by("on_call", None), held_by("on_call", "u-group", site=None))
    await house.fold(received("r1"), corrected("r1", escalate=["death"]))
    await room.after(seconds=1)

    (sent,) = await house.events("NotificationSent")
    assert (sent.notification.fell_back, sent.notification.user_ids) == (True, ("u-group",))


async def test_where_nobody_holds_any_role_each_step_fails_and_says_so(house, room):
    """An alert is never lost in silence."""
    await house.fold(registered(), received("r1"), corrected("r1", escalate=["death"]))
    await room.after(seconds=1)

    failed = await house.events("NotificationFailed")
    assert [(event.notification.step, event.notification.failure) for event in failed] == [
        (step, "nobody_holds_the_role") for step in (1, 2, 3)
    ]


async def test_a_channel_that_is_away_is_tried_again_and_one_that_refuses_is_not(house, room):
    """Then the next role is asked at once."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=["death"]))
    room.channel.failures = [ChannelFailed("away", again=True), ChannelFailed("refused", again=False)]
    await room.after(seconds=1)
    assert room.channel.messages == []
    await room.after(seconds=6)

    assert room.channel.addresses == ["deputy.s@care.example"]
    (failed,) = await house.events("NotificationFailed")
    assert (failed.notification.failure, failed.notification.attempts) == ("refused", 2)


async def test_a_process_that_dies_between_sending_and_noting_sends_once_more_under_the_same_id(house, room):
    """At least once: the claim of the dead process ends, and a receiver can tell the second message by its id."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", escalate=["death"]))
    whole = room.mailing._note

    async def die(*_):
        raise RuntimeError("killed")

    room.mailing._note = die
    with pytest.raises(RuntimeError):
        await room.after(seconds=1)
    room.mailing._note = whole
    await room.after(seconds=10)
    assert len(room.channel.messages) == 1
    await room.after(seconds=60)

    first, second = room.channel.messages
    assert first.notification_id == second.notification_id
    assert len(await house.events("NotificationSent")) == 1
    async with house.client(Role.FEED) as anybody:
        assert (await anybody.get(f"/seen/{first.link.rsplit('/', 1)[1]}")).status_code == 200


async def test_two_processes_never_send_one_message_both(house, room):
    """A message is claimed by one of them."""
    await staffed(house)
    events = [event for n in range(6) for event in (received(f"r{n}"), corrected(f"r{n}", escalate=["death"]))]
    await house.fold(events)
    other = Mailroom(house, room.clock.moment)
    other.channel = room.channel
    other.mailing._channel = room.channel
    room.clock.moment += timedelta(seconds=1)
    other.clock.moment += timedelta(seconds=1)
    await asyncio.gather(room.mailing.round(), other.mailing.round())

    sent = [message.notification_id for message in room.channel.messages]
    assert len(sent) == len(set(sent)) == 6


async def test_replay_and_backfill_send_nothing_and_replay_still_makes_cards(house, room):
    """History is looked at, nobody is woken for it."""
    await staffed(house)
    await house.fold(
        received("old", replay=True), corrected("old", **DEADLY), received("file", origin="backfill"),
        corrected("file", **DEADLY),
    )  # fmt: skip
    await room.after(minutes=60)

    assert room.channel.messages == []
    (raised,) = await house.events("CardRaised")
    assert (raised.card.report_id, raised.replay) == ("old", True)


async def test_whether_the_family_was_told_is_asked_written_down_and_kept(house):
    """Due by itself for harm; whom and when, or why not yet; a report nobody asked about can be written down too."""
    await house.fold(registered(), received("r1"), corrected("r1", escalate=["harm_occurred"]), received("r2"))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        due = (await manager.get("/v1/told")).json()["told"]
        assert [(state["report_id"], state["status"]) for state in due] == [("r1", "due")]
        early = {"version": 1, "status": "told", "who": "family", "told_at": "2099-01-01T00:00:00Z"}
        assert (await manager.post("/v1/reports/r1/told", json=early)).status_code == 422
        wait = {"version": 1, "status": "not_yet", "why_not": "In hospital until Thursday."}
        assert (await manager.post("/v1/reports/r1/told", json=wait)).json()["status"] == "not_yet"
        now = CLOCK.now().isoformat()
        told = {"version": 2, "status": "told", "who": "family", "told_at": now}
        assert (await manager.post("/v1/reports/r1/told", json=told)).json()["told_by_role"] == "manager"
        own = {"version": 0, "status": "told", "who": "person", "told_at": now}
        assert (await manager.post("/v1/reports/r2/told", json=own)).json()["version"] == 1
        assert (await manager.post("/v1/reports/r9/told", json=own)).status_code == 404
        assert (await manager.post("/v1/reports/r2/told", json=own)).status_code == 409
        lines = (await manager.get("/v1/reports/r1/told")).json()["history"]
        assert [line["status"] for line in lines] == ["due", "not_yet", "told"]
    assert [event.told.status for event in await house.events("PersonTold")] == ["due", "not_yet", "told", "told"]


async def test_an_amendment_that_lowers_the_severity_ends_the_card_and_alerts_nobody_new(house, room):
    """Labels that a person corrects are believed."""
    await staffed(house)
    await house.fold(received("r1"), corrected("r1", **DEADLY))
    await room.after(seconds=1)
    await house.fold(
        received("r1", kind=ReportAmended, revision=2), corrected("r1", decision=2, potential_severity="low")
    )
    await room.after(seconds=1)

    (cleared,) = await house.events("CardCleared")
    assert cleared.card.ended == "no_longer"
    assert len(room.channel.messages) == 1
