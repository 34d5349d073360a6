"""Reports through intake's HTTP over the real mongod: the 202 promise, repeats, amendments, privacy, refusals."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from pymongo.errors import ServerSelectionTimeoutError

from services.intake.adapters.vault import AesVault
from tests.support.intake import NOW, SITES, Intake, running

pytestmark = pytest.mark.engines


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


def body(**changes: Any) -> dict[str, Any]:
    return {"site_id": "elm", "text": "Two blister packs for one morning, seen at handover."} | changes


async def send(intake: Intake, key: str, sent: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await intake.call("POST", "/v1/reports", key, json=sent, headers=headers)
    assert answer.status_code == 202, answer.text
    return answer.json()


async def refused(intake: Intake, key: str, sent: Any, status: int = 422, **headers: str) -> list[str | None]:
    answer = await intake.call("POST", "/v1/reports", key, json=sent, headers=headers)
    assert (status, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    return [fault.get("field") for fault in answer.json().get("errors", [])]


async def test_a_report_is_accepted_with_its_event_in_one_write(intake: Intake) -> None:
    """A 202 means: the report is stored and its ReportReceived waits in the outbox, with the times settled."""
    key = await intake.key("feed")

    said = await send(intake, key, body(occurred_at="2026-03-04T11:00", worry=3, what_stopped_it="second look"))

    (event,) = await intake.outbox("reports")
    assert said["status"] == "accepted"
    assert ("ReportReceived", said["report_id"], "rowan", "elm") == (
        event["type"],
        event["report"]["report_id"],
        event["provider_id"],
        event["site_id"],
    )
    assert tuple(
        event["report"][name]
        for name in ("occurred_at", "occurred_precision", "reported_at", "setting", "visibility", "worry", "revision")
    ) == ("2026-03-04T11:00:00Z", "minute", "2026-03-04T12:00:00Z", "residential", "site", 3, 1)
    assert event["replay"] is False
    assert await intake.db["reports"].count_documents({"_id": said["report_id"]}) == 1


async def test_the_same_key_gives_the_same_report_for_ever(intake: Intake) -> None:
    """The same key with the same body is the same report; with another body it is refused and changes nothing."""
    key = await intake.key("feed")
    first = await send(intake, key, body(), **{"Idempotency-Key": "a"})

    again = await send(intake, key, body(), **{"Idempotency-Key": "a"})
    fields = await refused(intake, key, body(text="Another."), **{"Idempotency-Key": "a"})
    other = await send(intake, key, body(), **{"Idempotency-Key": "b"})

    assert {**first, "status": "repeated"} == again
    assert fields == ["Idempotency-Key"]
    assert first["report_id"] != other["report_id"]
    assert len(await intake.outbox("reports")) == 2


async def test_a_repeat_is_a_repeat_however_late(intake: Intake) -> None:
    """A report that was taken is repeated, not refused, when its site has closed since; a late retry undoes nothing."""
    key = await intake.key("feed")
    reference = {"system": "care-app", "id": "7"}
    first = await send(intake, key, body(), **{"Idempotency-Key": "a"})
    await send(intake, key, body(external_reference=reference), **{"Idempotency-Key": "b"})
    await send(intake, key, body(external_reference=reference, text="Better said."))
    await intake.call(
        "POST",
        "/v1/registry:import?kind=sites",
        content=SITES.replace("2015-04-01,,", "2015-04-01,2026-03-03,"),
        headers={"Content-Type": "text/csv"},
    )

    again = await send(intake, key, body(), **{"Idempotency-Key": "a"})
    retried = await send(intake, key, body(external_reference=reference, occurred_at=None), **{"Idempotency-Key": "b"})
    fields = await refused(intake, key, body(), **{"Idempotency-Key": "c"})

    assert again == {**first, "status": "repeated"}
    assert (retried["status"], fields) == ("repeated", ["occurred_at"])


async def test_the_same_reference_with_another_body_is_an_amendment(intake: Intake) -> None:
    """An external reference never doubles: same body repeats, another one amends, whatever key it came with."""
    key = await intake.key("feed")
    reference = {"system": "care-app", "id": "7"}
    first = await send(intake, key, body(external_reference=reference))

    again = await send(intake, key, body(external_reference=reference), **{"Idempotency-Key": "x"})
    amended = await send(
        intake, key, body(external_reference=reference, text="It was three."), **{"Idempotency-Key": "y"}
    )
    reused = await refused(intake, key, body(external_reference=reference), **{"Idempotency-Key": "y"})
    elsewhere = {"system": "care-app", "id": "8"}
    taken = await refused(intake, key, body(external_reference=elsewhere), **{"Idempotency-Key": "x"})

    assert [first["report_id"]] * 2 == [again["report_id"], amended["report_id"]]
    assert (again["status"], amended["status"]) == ("repeated", "amended")
    assert reused + taken == ["Idempotency-Key"] * 2
    events = await intake.outbox("reports")
    assert [(e["type"], e["report"]["revision"]) for e in events] == [("ReportReceived", 1), ("ReportAmended", 2)]
    assert events[1]["report"]["text"] == "It was three."


async def test_an_amendment_by_reference_keeps_the_first_times(intake: Intake) -> None:
    """A body without times, sent again a day later with other words, stays dated when it was first told."""
    key = await intake.key("feed")
    reference = {"system": "care-app", "id": "7"}
    await send(intake, key, body(external_reference=reference))
    intake.clock.moment = NOW.replace(day=5)

    await send(intake, key, body(external_reference=reference, text="Changed."))

    first, second = await intake.outbox("reports")
    times = ("occurred_at", "reported_at", "received_at")
    assert [first["report"][name] for name in times] == [second["report"][name] for name in times]
    assert second["recorded_at"] == "2026-03-05T12:00:00Z"


async def test_many_at_once_are_grouped_and_each_is_answered(intake: Intake) -> None:
    """A hundred requests at once, a quarter of them repeats, give seventy-five reports and no double."""
    key = await intake.key("feed")

    answers = await asyncio.gather(
        *(send(intake, key, body(worry=n % 75 % 4 + 1), **{"Idempotency-Key": str(n % 75)}) for n in range(100))
    )

    assert len({answer["report_id"] for answer in answers}) == 75
    assert sum(answer["status"] == "repeated" for answer in answers) == 25
    assert await intake.db["reports"].count_documents({}) == 75
    assert len(await intake.outbox("reports")) == 75


async def test_two_processes_meet_over_the_same_key(mongodb_uri: str, database_prefix: str, intake: Intake) -> None:
    """The same key at two intakes at the same moment is one report with one event."""
    key = await intake.key("feed")
    async with running(mongodb_uri, database_prefix) as other:
        answers = await asyncio.gather(
            *(send(one, key, body(), **{"Idempotency-Key": f"k{n}"}) for n in range(20) for one in (intake, other))
        )

    assert len({answer["report_id"] for answer in answers}) == 20
    assert sum(answer["status"] == "accepted" for answer in answers) == 20
    assert len(await intake.outbox("reports")) == 20


MARKER = "Zebedee Quillfeather"


async def test_a_name_is_nowhere_but_in_the_vault(intake: Intake) -> None:
    """Names of the person and the reporter, sent and in the text, are in no document and no event in clear."""
    key = await intake.key("feed")
    sent = body(
        text=f"{MARKER} nearly had the wrong tablets, told by Perpetua Vane.",
        place=f"{MARKER}'s room",
        person={"id": "p-9", "name": MARKER},
        reporter={"name": "Perpetua Vane", "contact": "07700 900123"},
        identity_mode="confidential",
    )
    said = await send(intake, key, sent)

    stored = await intake.db["reports"].find_one({"_id": said["report_id"]})
    (event,) = await intake.outbox("reports")
    everything = repr(stored) + orjson.dumps(event).decode()
    for secret in ("Quillfeather", "Perpetua", "900123", "p-9"):
        assert secret not in everything
    identity, narrative = AesVault(bytes(range(32)), "kek-1").open(said["report_id"], stored["sealed"])
    assert identity.names() == (MARKER, "Perpetua Vane")
    assert sent["text"] == narrative.text
    assert None not in (event["report"]["person_token"], event["report"]["reporter_token"])


async def test_an_anonymous_reporter_is_not_kept_at_all(intake: Intake) -> None:
    """Whoever reports anonymously has no token, and the vault does not know them either."""
    key = await intake.key("feed")

    said = await send(intake, key, body(reporter={"name": "Perpetua Vane"}))

    stored = await intake.db["reports"].find_one({"_id": said["report_id"]})
    identity, _ = AesVault(bytes(range(32)), "kek-1").open(said["report_id"], stored["sealed"])
    assert (identity.reporter, stored["reporter_token"]) == (None, None)


async def test_tokens_are_stable_at_a_site_and_differ_between_sites(intake: Intake) -> None:
    """The same person is the same token at a site and another one elsewhere; a reporter's changes by the quarter."""
    key = await intake.key("feed")
    who = {"person": {"name": "Zeb  Quill"}, "reporter": {"id": "u1"}, "identity_mode": "named"}
    sent = (
        {},
        {"person": {"name": "zeb quill"}},
        {"reported_at": "2025-12-30", "occurred_at": "2025-12-30"},
        {"site_id": "ash", "occurred_at": "2025-12-30"},
    )
    ids = [(await send(intake, key, body(**who | changes)))["report_id"] for changes in sent]

    reports = {event["report"]["report_id"]: event["report"] for event in await intake.outbox("reports")}
    now, same, before, elsewhere = [(reports[one]["person_token"], reports[one]["reporter_token"]) for one in ids]
    assert now == same
    assert (now[0], True) == (before[0], now[1] != before[1])
    assert not set(now) & set(elsewhere)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"site_id": "nowhere"}, ["site_id"]),
        ({"site_id": "oak"}, ["site_id"]),
        ({"text": "  \n "}, ["text"]),
        ({"text": "a\x00b"}, ["text"]),
        ({"text": "x" * 20_001}, ["text"]),
        ({"occurred_at": "2026-03-05"}, ["occurred_at"]),
        ({"occurred_at": "2026-03-04T12:06:00Z"}, ["occurred_at"]),
        ({"occurred_at": "2015-03-31"}, ["occurred_at"]),
        ({"site_id": "ash"}, ["occurred_at"]),
        ({"occurred_at": "04/13/2026"}, ["occurred_at"]),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, ["occurred_at"]),
        ({"occurred_at": "2026-03-03", "reported_at": "2026-03-02"}, ["occurred_at"]),
        ({"colour": "red"}, ["colour"]),
        ({"worry": 5}, ["worry"]),
        ({"site_id": "nowhere", "text": "", "reported_at": "2030-01-01"}, ["text", "reported_at", "site_id"]),
        ({"given_labels": {"labels": {"note": "Mrs Smith fell over"}}}, ["given_labels.labels"]),
        ({"person": {"name": "Ann Hill"}, "asset_ref": "hoist Ann Hill"}, ["asset_ref"]),
        (
            {"disruption": {"kind": "supplier", "started_at": "2026-03-02", "ended_at": "2026-03-01"}},
            ["disruption.ended_at"],
        ),
    ],
)
async def test_what_breaks_a_rule_is_refused_by_field(
    intake: Intake, changes: dict[str, Any], fields: list[str]
) -> None:
    """Every broken rule is named by its field, nothing is stored, and nothing is published."""
    key = await intake.key("feed")

    assert sorted(fields) == sorted(await refused(intake, key, body(**changes)))
    assert await intake.db["reports"].count_documents({}) == 0
    assert await intake.outbox("reports") == []


async def test_bodies_that_are_no_report_are_problems(intake: Intake) -> None:
    """Broken JSON, half a surrogate pair too, is a 400 that says where, and two megabytes are a 413; none is stored."""
    key = await intake.key("feed")
    headers = {"Content-Type": "application/json"}

    broken = await intake.call("POST", "/v1/reports", key, content=b'{"site_id": "elm", ', headers=headers)
    large = await intake.call("POST", "/v1/reports", key, json=body(text="x" * 2_000_000))
    half = await intake.call(
        "POST", "/v1/reports", key, content=b'{"text": "\\ud800", "site_id": "elm"}', headers=headers
    )

    assert (broken.status_code, large.status_code, half.status_code) == (400, 413, 400)
    assert "not JSON" in broken.json()["errors"][0]["detail"]
    assert await intake.db["reports"].count_documents({}) == 0


async def test_another_tenant_does_not_exist(intake: Intake) -> None:
    """A key of another provider finds neither the report nor the provider; a key of one site not the other site."""
    said = await send(intake, await intake.key("feed"), body())
    path = f"/v1/reports/{said['report_id']}"
    stranger = await intake.key("manager", provider="other")
    neighbour = await intake.key("manager", sites=["ash"])

    answers = [await intake.call("GET", path, key) for key in (stranger, neighbour)]
    answers.append(await intake.call("POST", "/v1/reports", stranger, json=body(provider_id="rowan")))

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert await refused(intake, neighbour, body()) == ["site_id"]


async def test_a_report_for_someone_outside_is_held_from_the_site(intake: Intake) -> None:
    """A report marked for someone outside is unknown to the site's roles and seen by governance."""
    manager, governance = await intake.key("manager"), await intake.key("governance")
    said = await send(intake, manager, body(outside_first=True))
    path = f"/v1/reports/{said['report_id']}"

    hidden = await intake.call("GET", path, manager)
    seen = await intake.call("GET", path, governance)

    assert (hidden.status_code, seen.status_code, seen.json()["report"]["visibility"]) == (404, 200, "held")


async def test_a_report_that_accuses_a_manager_is_held_and_stays_so(
    mongodb_uri: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the taxonomy's rule finds is held in the same write, and no later amendment by the feed lets it out."""
    monkeypatch.setattr("services.intake.app.accuses_manager", lambda text: "told us to hide it" in text)
    reference = {"system": "app", "id": "1"}
    async with running(mongodb_uri, database_prefix) as intake:
        await intake.register()
        feed = await intake.key("feed")
        await send(intake, feed, body(text="The boss told us to hide it.", external_reference=reference))
        await send(intake, feed, body(text="Nothing.", external_reference=reference))

        events = await intake.outbox("reports")

    assert [event["report"]["visibility"] for event in events] == ["held", "held"]


async def test_an_amendment_that_makes_a_report_held_is_answered_to_who_made_it(
    mongodb_uri: str, database_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was stored, so the answer says so, once; from then on the report is unknown to the site's roles."""
    monkeypatch.setattr("services.intake.app.accuses_manager", lambda text: "told us to hide it" in text)
    async with running(mongodb_uri, database_prefix) as intake:
        await intake.register()
        manager = await intake.key("manager")
        path = f"/v1/reports/{(await send(intake, manager, body()))['report_id']}"
        change = {"revision": 1, "text": "The boss told us to hide it."}

        amended = await intake.call("POST", f"{path}:amend", manager, json=change)
        after = await intake.call("GET", path, manager)

    assert (amended.status_code, amended.json()["report"]["visibility"], after.status_code) == (200, "held", 404)


async def test_an_amendment_changes_what_is_named_and_keeps_the_first_words(intake: Intake) -> None:
    """Amending publishes the whole new state; a stale revision is a conflict; the first words stay in the vault."""
    key = await intake.key("manager")
    said = await send(intake, key, body(place="hall", person={"name": MARKER}))
    path = f"/v1/reports/{said['report_id']}:amend"

    amended = await intake.call("POST", path, key, json={"revision": 1, "text": f"It was {MARKER}.", "place": None})
    stale = await intake.call("POST", path, key, json={"revision": 1, "worry": 2})
    same = await intake.call("POST", path, key, json={"revision": 2, "text": f"It was {MARKER}."})

    assert (amended.status_code, stale.status_code, same.status_code) == (200, 409, 200)
    report = amended.json()["report"]
    assert (report["revision"], report["place"]) == (2, None)
    assert "Quillfeather" not in report["text"]
    assert [event["type"] for event in await intake.outbox("reports")] == ["ReportReceived", "ReportAmended"]
    stored = await intake.db["reports"].find_one({"_id": said["report_id"]})
    assert [entry["revision"] for entry in stored["sealed"]["entries"]] == [1, 2]


async def test_withdrawing_is_idempotent_and_takes_no_more_changes(intake: Intake) -> None:
    """A withdrawal is published once with its reason; afterwards the report takes no amendment."""
    key = await intake.key("manager")
    said = await send(intake, key, body(external_reference={"system": "s", "id": "1"}))
    path = f"/v1/reports/{said['report_id']}"
    why = {"revision": 1, "reason": "duplicate"}

    first = await intake.call("POST", f"{path}:withdraw", key, json=why)
    again = await intake.call("POST", f"{path}:withdraw", key, json=why)
    amended = await intake.call("POST", f"{path}:amend", key, json={"revision": 2, "worry": 1})
    resent = await refused(intake, key, body(text="New.", external_reference={"system": "s", "id": "1"}), status=409)

    assert (first.status_code, again.status_code, amended.status_code) == (200, 200, 409)
    assert (again.json()["withdrawn"], again.json()["report"]["revision"]) == ("duplicate", 2)
    assert resent == ["external_reference.id"]
    events = await intake.outbox("reports")
    assert [(e["type"], e.get("reason")) for e in events] == [
        ("ReportReceived", None),
        ("ReportWithdrawn", "duplicate"),
    ]


async def test_mongodb_away_is_503_and_nothing_is_promised(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database cannot be reached the sender is told when to come again."""
    key = await intake.key("feed")
    await send(intake, key, body())

    async def away(*_: Any) -> None:
        raise ServerSelectionTimeoutError("away")

    monkeypatch.setattr(intake.app.state.runtime.mongo, "in_one_go", away)
    answer = await intake.call("POST", "/v1/reports", key, json=body())

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


async def test_a_full_outbox_is_503(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too much waits to be sent nothing new is taken in."""
    key = await intake.key("feed")
    monkeypatch.setattr(type(intake.app.state.runtime), "outbox_full", property(lambda _: True))

    answer = await intake.call("POST", "/v1/reports", key, json=body())

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert await intake.db["reports"].count_documents({}) == 0
