"""The vault over the real mongod: holds, erasure, appraisal, subject access, key rotation."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from services.intake.adapters.kept import rewrap_keys
from services.intake.adapters.reports import MongoReports
from services.intake.adapters.vault import AesVault, UnknownKey
from services.intake.domain.progress import DutyState, Labelled, labels_key, take_label
from shared.taxonomy.precedence import Fact
from tests.support.intake import KEY, Intake, running

pytestmark = pytest.mark.engines
NAME = "Zebedee Quillfeather"
MISSED = "grimbleshanks"


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def told(intake: Intake, **more: Any) -> str:
    key = await intake.key("feed")
    said = {"site_id": "elm", "text": f"{NAME} slipped.", "person": {"name": NAME}} | more
    answer = await intake.call("POST", "/v1/reports", key, json=said)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["report_id"])


async def know(intake: Intake, report_id: str, escalate: list[str], duty: str | None = None) -> None:
    """Put labels and a duty in, as the fold would."""
    state = take_label(None, Labelled("rowan", "elm", report_id, Fact("model", 1, 1, {"escalate": escalate}, "m1")))
    if duty:
        state = take_label(state, DutyState("rowan", "elm", report_id, "d1", 1, duty))
    await intake.db["labels"].replace_one({"_id": labels_key("rowan", "elm", report_id)}, state, upsert=True)


async def post(intake: Intake, key: str, path: str, **body: Any) -> int:
    return (await intake.call("POST", path, key, json=body)).status_code


@pytest.mark.parametrize(
    ("act", "body"),
    [
        ("amend", {"revision": 1, "worry": 2}),
        ("withdraw", {"revision": 1, "reason": "not_an_event"}),
        ("hide-names", {"revision": 1, "names": [MISSED]}),
    ],
)
async def test_a_change_keeps_what_was_done_while_it_was_made(
    intake: Intake, monkeypatch: pytest.MonkeyPatch, act: str, body: dict[str, Any]
) -> None:
    """A hold that was placed, and a key that was destroyed, between its reading and its writing: both stand."""
    report_id = await told(
        intake, text=f"The lift stopped and {MISSED} waited.", identity_mode="confidential", reporter={"name": NAME}
    )
    lead, write = await intake.key("safeguarding"), MongoReports.change
    path, meanwhile = f"/v1/reports/{report_id}", [True]

    async def change(self: MongoReports, *args: Any) -> Any:
        if meanwhile and meanwhile.pop():
            assert await post(intake, lead, f"{path}:hold", reason="Claim notified", review_on="2026-09-01") == 204
            reports = intake.db["reports"]  # as closing does it
            gone = {"sealed.keys.identity": "", "sealed.entries.0.identity": ""}
            await reports.update_one({"_id": report_id}, {"$unset": gone})
        return await write(self, *args)

    monkeypatch.setattr(MongoReports, "change", change)
    answer = await intake.call("POST", f"{path}:{act}", lead, json=body)

    assert answer.is_success, answer.text
    assert meanwhile == []
    assert (await intake.call("GET", f"{path}/holds", lead)).json()["holds"] == ["legal_hold"]
    stored = await intake.db["reports"].find_one({"_id": report_id}) or {}
    assert list(stored["sealed"]["keys"]) == ["narrative"]
    assert [one["kind"] for one in stored["acts"]][:2] == ["received", "hold_placed"]


async def test_what_is_held_is_not_erased_and_says_why(intake: Intake) -> None:
    """Escalation, a running clock and a legal hold each stand against erasing; when all are gone it is done."""
    report_id = await told(intake)
    lead = await intake.key("safeguarding")
    path = f"/v1/reports/{report_id}"
    assert await post(intake, lead, f"{path}:hold", reason="Claim notified", review_on="2026-09-01") == 204
    await know(intake, report_id, ["safeguarding"], "asked")

    holds = (await intake.call("GET", f"{path}/holds", lead)).json()["holds"]
    refused = await intake.call("POST", f"{path}:erase", lead, json={"reason": "asked_by_reporter"})
    assert await post(intake, lead, f"{path}:lift-hold") == 204
    await know(intake, report_id, [], "asked")
    clock = await post(intake, lead, f"{path}:erase", reason="asked_by_reporter")
    await know(intake, report_id, [], "does_not_hold")
    done = await post(intake, lead, f"{path}:erase", reason="asked_by_reporter")

    assert holds == ["legal_hold", "escalation", "running_clock"]
    assert refused.status_code == 409
    assert "legal_hold, escalation, running_clock" in refused.json()["detail"]
    assert (clock, done) == (409, 204)


async def test_erasing_leaves_no_word_and_tells_every_reader(intake: Intake) -> None:
    """Text, tokens, keys and what was said are gone from the database; one event says so, once."""
    report_id = await told(intake, external_reference={"system": "app", "id": "R-1"}, place="by the stairs")
    lead, manager = await intake.key("safeguarding"), await intake.key("manager")
    await intake.call(
        "POST",
        f"/triage/{report_id}",
        manager,
        data={"decision": "accepted", "question": "Which stairs?"},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert await post(intake, manager, f"/v1/reports/{report_id}:erase", reason="asked_by_subject") == 403

    codes = [await post(intake, lead, f"/v1/reports/{report_id}:erase", reason="asked_by_subject") for _ in range(2)]

    document = await intake.db["reports"].find_one({"_id": report_id})
    case = await intake.db["cases"].find_one({"_id": report_id})
    assert codes == [204, 204]
    assert (document["text"], document["place"], document["person_token"], document["sealed"]["keys"]) == (
        "",
        None,
        None,
        {},
    )
    assert document["sealed"]["entries"] == []
    assert all(step["words"] is None for step in case["steps"])
    events = await intake.outbox("reports")
    assert [one["type"] for one in events] == ["ReportReceived", "ReportWithdrawn", "ReportErased"]
    assert (events[1]["report"]["revision"], events[1]["report"]["text"], events[2]["revision"]) == (2, "", 3)
    assert await told(intake, external_reference={"system": "app", "id": "R-1"}, place="by the stairs") == report_id
    assert len(await intake.outbox("reports")) == 3


async def test_a_reporter_who_asks_to_withdraw_what_is_held_is_heard_by_the_lead(intake: Intake) -> None:
    """The site cannot take a held report out of the counts in the reporter's name; the lead can."""
    report_id = await told(intake)
    await know(intake, report_id, ["police"])
    manager, lead = await intake.key("manager"), await intake.key("safeguarding")
    body = {"revision": 1, "reason": "asked_by_reporter"}

    answers = [await post(intake, key, f"/v1/reports/{report_id}:withdraw", **body) for key in (manager, lead)]

    assert answers == [409, 200]


async def test_at_the_end_of_its_time_a_person_decides_and_it_is_recorded(intake: Intake) -> None:
    """Nothing is due before its class's time; keeping moves the day on, erasing erases, both with a reason."""
    report_id = await told(intake)
    lead = await intake.key("safeguarding", expires_at="2028-01-01T00:00:00Z")
    early = (await intake.call("GET", "/v1/retention/due", lead)).json()["due"]
    await intake.db["reports"].update_one(
        {"_id": report_id}, {"$set": {"received_at": intake.clock.moment - timedelta(days=1100)}}
    )
    late = (await intake.call("GET", "/v1/retention/due", lead)).json()["due"]
    path = f"/v1/reports/{report_id}:appraise"

    endless = await post(intake, lead, path, decision="keep", reason="Still learning")
    kept = await post(intake, lead, path, decision="keep", reason="Still learning", next_on="2026-06-01")
    after = (await intake.call("GET", "/v1/retention/due", lead)).json()["due"]
    erased = await post(intake, lead, path, decision="erase", reason="No use any more")

    assert early == after == []
    assert [(one["report_id"], one["class_name"]) for one in late] == [(report_id, "ordinary")]
    assert (endless, kept, erased) == (422, 204, 204)
    assert (await intake.db["reports"].find_one({"_id": report_id}))["erased"]["reason"] == "retention_ended"
    recorded = await intake.db["appraisals"].find().sort("at", 1).to_list(None)
    assert sorted((one["decision"], one["reason"]) for one in recorded) == [
        ("erase", "No use any more"),
        ("keep", "Still learning"),
    ]


async def test_subject_access_gives_one_file_and_counts_as_reading(intake: Intake) -> None:
    """All reports about a person, as typed, of the own provider only; each reading is written down."""
    report_id = await told(intake)
    await told(intake, text="Somebody else fell.", person={"name": "Ottoline Brackwater"})
    lead, other = await intake.key("safeguarding"), await intake.key("safeguarding", provider="other")
    asked = {"person": {"name": "zebedee  quillfeather"}, "reason": "Request 2026-14"}

    answer = await intake.call("POST", "/v1/subject-access", lead, json=asked)
    foreign = await intake.call("POST", "/v1/subject-access", other, json=asked)
    readings = (await intake.call("GET", f"/v1/reports/{report_id}/readings", lead)).json()["readings"]

    assert "attachment" in answer.headers["content-disposition"]
    (found,) = answer.json()["reports"]
    assert (found["report_id"], found["first_told"]["text"]) == (report_id, f"{NAME} slipped.")
    assert foreign.json()["reports"] == []
    assert [(one["what"], one["reason"]) for one in readings] == [("subject_access", "Request 2026-14")]


async def test_a_new_key_wraps_everything_without_touching_a_text(
    intake: Intake, mongodb_uri: str, database_prefix: str
) -> None:
    """After the rotation the old key opens nothing and the new one all; the encrypted texts are the same bytes."""
    report_id = await told(intake)
    before = (await intake.db["reports"].find_one({"_id": report_id}))["sealed"]
    old, new = base64.b64decode(KEY), bytes(reversed(range(32)))
    vault = AesVault(new, "kek-2", {"kek-1": old})

    rotated = await rewrap_keys(intake.app.state.runtime.mongo, vault, "kek-2")
    again = await rewrap_keys(intake.app.state.runtime.mongo, vault, "kek-2")

    after = (await intake.db["reports"].find_one({"_id": report_id}))["sealed"]
    assert (rotated, again) == ((1, 0), (0, 0))
    assert after["entries"] == before["entries"]
    assert AesVault(new, "kek-2").open(report_id, after)[1].text == f"{NAME} slipped."
    with pytest.raises(UnknownKey):
        AesVault(old, "kek-1").open(report_id, after)
    changes = {"vault_kek": SecretStr(base64.b64encode(new).decode()), "kek_id": "kek-2"}
    async with running(mongodb_uri, database_prefix, **changes) as later:
        manager = await later.key("manager")
        page = await later.call(
            "POST",
            f"/triage/{report_id}/original",
            manager,
            data={"reason": "to_keep_someone_safe"},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
    assert NAME in page.text
