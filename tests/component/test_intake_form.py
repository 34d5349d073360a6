"""The report form, the return page, the pulse and posters, over the real mongod: no sign-in, no trace, nothing lost."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.support.intake import Intake, running

pytestmark = pytest.mark.engines
TEXT = "Found two blister packs for one morning. Zebedee Quillfeather had both."


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        await one.register()
        yield one


async def link(intake: Intake, **more: Any) -> str:
    key = await intake.key("manager", sites=["elm"])
    answer = await intake.call("POST", "/v1/form-links", key, json={"site_id": "elm", **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["address"].rsplit("/", 1)[1])


async def open_form(intake: Intake, presented: str) -> str:
    page = await intake.http.get(f"/report/{presented}")
    assert page.status_code == 200, page.text
    return re.findall(r'name="form_key" value="([^"]+)"', page.text)[0]


async def send(
    intake: Intake, presented: str, form_key: str, photo: bytes | None = None, **fields: str
) -> httpx.Response:
    data = {"link": presented, "form_key": form_key, "text": TEXT, "lang": "en"} | fields
    files = {"photo": ("p.jpg", photo, "image/jpeg")} if photo else {"photo": ("", b"", "application/octet-stream")}
    return await intake.http.post("/report", data=data, files=files)


def code_in(page: str) -> str:
    return re.findall(r'class="words" lang="en">([a-z ]+)<', page)[0]


async def test_a_report_is_sent_without_a_name_and_comes_back_by_four_words(intake: Intake) -> None:
    """Form to sent page to return page; the event is redacted, and no address holds the code."""
    presented = await link(intake)
    sent = await send(
        intake,
        presented,
        await open_form(intake, presented),
        place="treatment room",
        occurred_band="at_handover",
        what_stopped_it="second look",
        worry="3",
        reporter_role="care_worker",
        person="Zebedee Quillfeather",
    )
    back = await intake.http.post("/return", data={"code": code_in(sent.text).upper().replace(" ", "-")})

    assert sent.status_code == 200
    (event,) = await intake.outbox("reports")
    report = event["report"]
    assert (report["site_id"] if "site_id" in report else event["site_id"]) == "elm"
    assert "Zebedee" not in str(event)
    assert (report["worry"], report["occurred_band"], report["language"]) == (3, "at_handover", "en")
    assert report["identity_mode"] == "anonymous"
    assert back.status_code == 200
    assert "Nobody has read it yet" in back.text
    assert back.url.path == "/return"
    assert sent.headers["cache-control"] == "no-store"


async def test_the_same_form_sent_again_is_the_same_report_with_the_same_words(intake: Intake) -> None:
    """A second tap, or a retry after a broken connection, doubles nothing; another form is another report."""
    presented = await link(intake)
    form_key = await open_form(intake, presented)

    first, again = await send(intake, presented, form_key), await send(intake, presented, form_key)
    other = await send(intake, presented, await open_form(intake, presented))

    assert code_in(first.text) == code_in(again.text) != code_in(other.text)
    assert len(await intake.outbox("reports")) == 2


async def test_an_empty_form_says_that_it_was_not_sent_and_keeps_what_was_typed(intake: Intake) -> None:
    """There are two states only; nothing is stored and nothing typed is lost."""
    presented = await link(intake)
    form_key = await open_form(intake, presented)

    answer = await send(intake, presented, form_key, text="  ", place="landing")

    assert answer.status_code == 422
    assert "Not sent yet. Please say what happened." in answer.text
    assert 'value="landing"' in answer.text
    assert form_key in answer.text
    assert await intake.db["reports"].count_documents({}) == 0


async def test_a_photo_loses_its_metadata_and_lies_sealed(intake: Intake) -> None:
    """Where a photo was taken is gone before it is stored, and the stored form shows no picture."""
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    taken = io.BytesIO()
    Image.new("RGB", (300, 200), "orange").save(taken, "JPEG", exif=exif)
    presented = await link(intake)

    sent = await send(intake, presented, await open_form(intake, presented), photo=taken.getvalue())
    refused = await send(intake, presented, await open_form(intake, presented), photo=b"no picture at all")

    (kept,) = await intake.db["photos"].find().to_list(None)
    document = await intake.db["reports"].find_one({"_id": kept["_id"]})
    vault = intake.app.state.means.vault
    picture = vault.open_part(kept["_id"], document["sealed"], "photo", bytes(kept["box"]))
    assert sent.status_code == 200
    assert b"SecretPhone" in taken.getvalue()
    assert b"SecretPhone" not in picture
    assert not Image.open(io.BytesIO(picture)).getexif()
    assert bytes(kept["box"]) != picture
    assert refused.status_code == 422
    assert "is no photo that can be read" in refused.text


async def test_someone_outside_first_is_held_and_the_thing_comes_from_its_sticker(intake: Intake) -> None:
    """One tap hides the report from the home; the sticker's link fills the thing in."""
    presented = await link(intake, asset_ref="hoist 3")

    await send(intake, presented, await open_form(intake, presented), outside_first="yes", asset_ref="bed 9")

    (event,) = await intake.outbox("reports")
    assert (event["report"]["visibility"], event["report"]["asset_ref"]) == ("held", "hoist 3")


async def test_why_without_a_name_is_noted_once(intake: Intake) -> None:
    """The fear question goes into the report as one of LFPSE's reasons; a second answer changes nothing."""
    presented = await link(intake)
    code = code_in((await send(intake, presented, await open_form(intake, presented))).text)

    for reason in ("colleagues", "save_time"):
        answer = await intake.http.post("/report/why", data={"code": code, "reason": reason, "lang": "en"})
        assert answer.status_code == 200

    events = await intake.outbox("reports")
    assert [(one["type"], one["report"]["anonymity_reason"]) for one in events] == [
        ("ReportReceived", None),
        ("ReportAmended", "colleagues"),
    ]


async def test_a_revoked_forged_or_foreign_link_opens_nothing(intake: Intake) -> None:
    """A poster can be stopped, and a link cannot be made up or used for another purpose."""
    presented = await link(intake)
    key = await intake.key("governance")
    assert (await intake.http.get(f"/pulse/{presented}")).status_code == 404
    forged = presented[:-1] + ("a" if presented[-1] != "a" else "b")
    assert (await intake.http.get(f"/report/{forged}")).status_code == 404
    other = await intake.key("governance", provider="other")
    assert (await intake.call("DELETE", f"/v1/form-links/{presented.split('.')[0]}", other)).status_code == 404

    gone = await intake.call("DELETE", f"/v1/form-links/{presented.split('.')[0]}", key)

    assert gone.status_code == 204
    assert (await intake.http.get(f"/report/{presented}")).status_code == 404


async def test_every_language_has_a_form_with_its_own_words(intake: Intake) -> None:
    """Six languages are data; an unknown one shows the first."""
    presented = await link(intake)
    titles = set()
    for code in ("en", "hi", "pl", "pt", "ro", "tl", "xx"):
        page = await intake.http.get(f"/report/{presented}?lang={code}")
        titles.add(re.findall(r"<h1>([^<]+)</h1>", page.text)[0])
        assert len(page.content) < 20_000
    assert len(titles) == 6


async def test_what_a_reporter_adds_is_sealed_and_published_as_a_fact(intake: Intake) -> None:
    """The words of an addition lie in the vault alone; the log learns that something was added."""
    presented = await link(intake)
    code = code_in((await send(intake, presented, await open_form(intake, presented))).text)

    said = await intake.http.post("/return/say", data={"code": code, "words": "It was the blue pack."})
    empty = await intake.http.post("/return/say", data={"code": code, "words": " "})

    (event,) = await intake.outbox("dialogue")
    assert said.status_code == 200
    assert "It was the blue pack." in said.text
    assert empty.status_code == 422
    assert (event["type"], event["step"], event["question_step"]) == ("AnswerGiven", 1, None)
    assert "blue pack" not in str(await intake.db["cases"].find().to_list(None)) + str(event)


async def test_wrong_words_are_counted_and_the_page_rests(intake: Intake) -> None:
    """Guessing is slow: after a hundred wrong codes in a minute nobody's code is looked at for a while."""
    answers = [await intake.http.post("/return", data={"code": "maple window otter lemon"}) for _ in range(101)]

    assert {answer.status_code for answer in answers[:100]} == {404}
    assert answers[100].status_code == 503


async def test_a_pulse_counts_once_and_tells_only_the_day(intake: Intake) -> None:
    """Two answers, no name, no hour; the same form twice is one pulse."""
    presented = await link(intake, purpose="pulse")
    page = await intake.http.get(f"/pulse/{presented}")
    form_key = re.findall(r'name="form_key" value="([^"]+)"', page.text)[0]
    data = {"link": presented, "form_key": form_key, "safe_to_speak": "4", "something_changed": "2"}

    answers = [await intake.http.post("/pulse", data=data) for _ in range(2)]
    wrong = await intake.http.post("/pulse", data=data | {"form_key": "x", "safe_to_speak": "9"})

    (event,) = await intake.outbox("dialogue")
    assert [answer.status_code for answer in answers] == [200, 200]
    assert wrong.status_code == 422
    assert event["recorded_at"] == "2026-03-04T00:00:00Z"
    assert [one["answer"] for one in event["replies"]] == [4, 2]


async def test_a_poster_and_its_code_can_be_printed_again(intake: Intake) -> None:
    """The QR code of a link leads to the same form whenever it is printed; another site's manager sees none of it."""
    presented = await link(intake)
    link_id = presented.split(".")[0]
    key, stranger = await intake.key("manager", sites=["elm"]), await intake.key("manager", sites=["ash"])

    poster = await intake.call("GET", f"/posters/{link_id}", key)
    png = await intake.call("GET", f"/posters/{link_id}.png", key)

    assert presented in poster.text
    assert Image.open(io.BytesIO(png.content)).size[0] > 300
    assert (await link(intake)) == presented
    assert (await intake.call("GET", f"/posters/{link_id}", stranger)).status_code == 404
