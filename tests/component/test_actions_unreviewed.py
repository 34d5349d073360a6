"""Reminders of reports that nobody has reviewed, on a real mongod: once for each rung, a number and a link."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest

from services.actions.usecases.reminder_run import ReminderRun
from shared.contracts.dialogue import QuestionAsked, ReportTriaged
from shared.contracts.envelope import Event
from shared.contracts.intake import ReportWithdrawn
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support.actions import RECORDED, corrected, open_house, registered, report
from tests.support.clock import TODAY
from tests.support.oversight import OVERSIGHT, Mailroom, held_by

pytestmark = pytest.mark.engines
NOON = datetime.combine(TODAY, time(12), UTC)
"""When the reports here are told."""


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        holders = [held_by("deputy", "u-d"), held_by("deputy", "u-t", site="t")]
        group = [held_by(role, f"u-{role}", site=None) for role in ("group_lead", "safeguarding_lead")]
        await opened.fold(registered(), registered("t", revision=2), holders, group)
        yield opened


def at_age(house, hours: float) -> tuple[Mailroom, ReminderRun]:
    """A run, and the mail that follows it, when reports of today are so many hours old."""
    room = Mailroom(house, NOON + timedelta(hours=hours))
    return room, ReminderRun(room.store, house.runtime, OVERSIGHT, room.clock, 6.0)


async def messages(house, hours: float) -> list[tuple]:
    """Who is told what at an age."""
    room, run = at_age(house, hours)
    await run.move_on("p")
    sent = len(await house.events("NotificationSent"))
    await room.mailing.round()
    found = (await house.events("NotificationSent"))[sent:]
    return sorted((event.site_id or "", event.notification.role, event.notification.items) for event in found)


def triaged(number: str, kind: type = ReportTriaged, **changes) -> Event:
    """A person deals with a report in triage."""
    own = {"report_revision": 1, "decision": "accepted", "level": "manager"} if kind is ReportTriaged else {}
    head = {"provider_id": "p", "site_id": "s", "recorded_at": RECORDED, "step": 1, "by_role": "manager"}
    return kind(event_id=event_id(kind.__name__, number, 1), report_id=number, **{**head, **own, **changes})


async def test_a_report_that_nobody_reviews_goes_to_the_deputy_and_then_to_the_group_lead_once_each(house):
    """A number for the site and a link, never words; again, and on the next day, nobody is told the same."""
    await house.fold(report("r1", TODAY), report("r2", TODAY), report("r3", TODAY, site_id="t"))

    assert await messages(house, 47) == []
    room, run = at_age(house, 48)
    assert (await run.move_on("p")).digests == 2
    await room.mailing.round()
    sent = [event.notification for event in await house.events("NotificationSent")]
    assert sorted((one.role, one.items, one.kind, one.about) for one in sent) == [
        ("deputy", 1, "digest", "unreviewed"), ("deputy", 2, "digest", "unreviewed"),
    ]  # fmt: skip
    assert "deputy.s@care.example" in room.channel.addresses
    for message in room.channel.messages:
        assert message.link in message.body
        assert "Invented" not in message.subject + message.body
    assert await messages(house, 49) == []
    assert await messages(house, 72) == []
    assert await messages(house, 96) == [("", "group_lead", 3)]
    assert await messages(house, 120) == []


async def test_what_a_person_dealt_with_reminds_nobody_whatever_comes_first(house):
    """Triage before the report, an act other than the decision, and the same events again."""
    await house.fold(triaged("r1"))
    await house.fold(report("r1", TODAY), report("r2", TODAY))
    await house.fold(triaged("r2", QuestionAsked))
    await house.fold(report("r2", TODAY), triaged("r1"), corrected("r1", potential_severity="low"))

    assert await messages(house, 100) == []


async def test_history_replay_withdrawal_and_what_came_long_ago_remind_nobody(house):
    """As with other messages."""
    await house.fold(
        report("r1", TODAY, origin="backfill"), report("r2", TODAY, replay=True), report("r3", TODAY),
        report("r3", TODAY, ReportWithdrawn, 2), report("r4", TODAY - timedelta(days=9)),
    )  # fmt: skip

    assert await messages(house, 100) == []


async def test_held_reports_are_in_no_number_but_the_safeguarding_leads(house):
    """The site's managers see neither the message nor its number, not even by its id."""
    await house.fold(report("r1", TODAY, visibility="held"), report("r2", TODAY))

    assert await messages(house, 50) == [("", "safeguarding_lead", 1), ("s", "deputy", 1)]
    assert await messages(house, 98) == [("", "group_lead", 1), ("", "safeguarding_lead", 1)]
    held = [doc["_id"] for doc in await house.state("notices") if doc["visibility"] == "held"]
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        seen = (await manager.get("/v1/notifications")).json()["notifications"]
        assert [(note["role"], note["items"]) for note in seen] == [("deputy", 1)]
        assert (await manager.post(f"/v1/notifications/{held[0]}:acknowledge")).status_code == 404


async def test_more_on_the_same_day_waits_for_the_next_one(house):
    """One message for a site and day."""
    await house.fold(report("r1", TODAY - timedelta(days=1), received_at=NOON), report("r2", TODAY))

    assert await messages(house, 24) == [("s", "deputy", 1)]
    later = report("r3", TODAY - timedelta(days=1), received_at=NOON)
    await house.fold(later)
    assert await messages(house, 25) == []
    assert await messages(house, 48) == [("s", "deputy", 2)]


async def test_nobody_is_reminded_at_night_or_before_the_log_was_read(house):
    """A triage that is told but not read yet is no cause; after six hours of waiting somebody is asked all the same."""
    await house.fold(report("r1", TODAY))
    _, night = at_age(house, 48 + 15)
    assert (await night.move_on("p")).digests == 0
    house.log_read = False
    room, run = at_age(house, 48 + 21)
    for hours in (0, 5):
        room.clock.moment += timedelta(hours=hours)
        assert (await run.move_on("p")).digests == 0
    room.clock.moment += timedelta(hours=1)
    assert (await run.move_on("p")).digests == 1


async def test_two_processes_remind_once(house):
    """Both look at the same moment; one message for each site is made."""
    await house.fold(*(report(f"r{number}", TODAY) for number in range(20)))
    runs = [at_age(house, 50)[1] for _ in range(3)]
    await asyncio.gather(*(run.move_on("p") for run in runs), return_exceptions=False)

    assert [doc["items"] for doc in await house.state("notices")] == [20]


async def test_a_digest_that_somebody_has_seen_leaves_that_of_another_site_alone(house):
    """The link opens the queue of triage; saying so at one site settles nothing at the other."""
    await house.fold(report("r1", TODAY), report("r2", TODAY, site_id="t"))
    room, run = at_age(house, 50)
    await run.move_on("p")
    await house.db["notices"].update_one({"site_id": "t"}, {"$set": {"next_at": NOON + timedelta(days=9)}})
    await room.mailing.round()
    async with house.client(Role.FEED) as anybody:
        del anybody.headers["Authorization"]
        address = f"/seen/{room.channel.messages[0].link.rsplit('/', 1)[1]}"
        page = (await anybody.get(address)).text
        assert "/in/triage" in page
        assert "Reports: 1" in page
        assert (await anybody.post(address, headers={"sec-fetch-site": "same-origin"})).status_code == 303
    statuses = {doc["site_id"]: doc["status"] for doc in await house.state("notices")}
    assert statuses == {"s": "acknowledged", "t": "waiting"}
