"""Each state that a page can be in is told as what it is: nothing yet, just started, behind, too few, quiet, wrong."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from services.reporting.adapters.log_progress import LogProgress
from services.reporting.adapters.mongo_views import MongoViews
from shared.contracts import actions, dialogue
from shared.contracts.envelope import Event
from shared.kernel.errors import Unavailable
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import MONDAY, NOW, PROVIDER, TOLD, World, open_world

pytestmark = pytest.mark.engines
HOME = f"/providers/{PROVIDER}"
HTML = {"accept": "text/html"}


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


async def said(world: World, page: str, role: Role = Role.GOVERNANCE) -> str:
    """What a reader reads on a page."""
    answer = await world.client(role).get(HOME + page, headers=HTML)
    assert answer.status_code == 200, answer.text
    without = re.sub(r"<(title|desc)\b.*?</\1>", "", answer.text, flags=re.S)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", without)))


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("", "There is nothing to show for this period yet."),
        ("/reports", "No report fits."),
        ("/risks", "No site is registered yet."),
        ("/domains/medication", "No chart can be drawn yet."),
        ("/culture", "Nobody answered the two questions in this time."),
        ("/continuity", "No disruption is known to go on now. In 13 weeks no disruptions were told."),
        ("/learning", "No action was completed in this period."),
        ("/status", "No report has been labelled yet."),
        ("/packs", "No pack that you may read has been issued yet."),
    ],
)
async def test_nothing_yet_is_a_state_of_its_own(world: World, page: str, words: str) -> None:
    """Before anything is known each page says so in words, and shows no empty chart or table of zeros."""
    await world.fold(say.provider())
    assert words in await said(world, page)


@pytest.mark.parametrize("page", ["", "/risks", "/status"])
async def test_just_started_is_told(world: World, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """While it is not known how far the log was followed, no page claims to be complete."""
    monkeypatch.setattr(LogProgress, "complete_until", property(lambda _: None))
    await world.fold(say.provider(), say.site(), say.report("r1"))
    text = await said(world, page)
    assert "the service has just started" in text
    assert "Everything that was in the log by" not in text


@pytest.mark.parametrize("page", ["", "/sites/elm-house", "/risks", "/culture", "/reports", "/status"])
async def test_behind_is_told_on_every_page(world: World, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """How many minutes, and that nothing is lost."""
    monkeypatch.setattr(LogProgress, "complete_until", property(lambda _: NOW - timedelta(minutes=17)))
    await world.fold(say.provider(), say.site(), say.report("r1"))
    assert "This page is behind by 17 minutes." in await said(world, page)


async def test_an_error_says_what_to_do(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database does not answer, people get a page with its status, when to try again, and no secret."""

    async def away(*_: object) -> None:
        raise Unavailable("the database does not answer")

    monkeypatch.setattr(MongoViews, "provider", away)
    answer = await world.client(Role.GOVERNANCE).get(f"{HOME}/culture", headers=HTML)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert "Nothing is lost. Load this page again in a minute." in answer.text


async def test_small_numbers_are_not_made_into_shares_or_limits(world: World) -> None:
    """Four reports are too few for a share, for the limits of a chart, and for a site to be told quiet."""
    reports = [say.report(f"r{n}", reported_at=TOLD - timedelta(weeks=n)) for n in range(4)]
    await world.fold(say.provider(), say.site(), *reports)
    assert "1 of 1 site has too few reports to tell." in await said(world, "/culture")
    drawn = await said(world, "/domains/(all)?site=elm-house")
    assert "Too few to tell. The limits stand on" in drawn
    assert "There will be enough from" in drawn
    assert "Elm House had fewer than 5 reports" in await said(world, "")


def answered(number: int, site: str = "elm-house") -> list[Event]:
    """So many people answered the pulse at a site, all of them yes."""
    replies = tuple(dialogue.PulseReply(question=q, answer=5) for q in ("safe_to_speak", "something_changed"))
    around = {"provider_id": PROVIDER, "recorded_at": NOW, "day": MONDAY, "replies": replies, "questions_version": "1"}
    return [
        dialogue.PulseAnswered(
            event_id=event_id("PulseAnswered", f"{site}{n}", 1), site_id=site, pulse_id=f"{site}{n}", **around
        )
        for n in range(number)
    ]


async def test_answers_to_the_pulse_are_told_from_eight_on(world: World) -> None:
    """Seven point to people; the eighth makes a share, and the same answer read twice counts once."""
    await world.fold(say.provider(), say.site(), *answered(7))
    assert "Too few to tell. 1 site had answers in this time." in await said(world, "/culture")
    await world.fold(*answered(8))
    await world.fold(*answered(8))
    text = await said(world, "/culture")
    assert "100% of 8" in text
    assert "100 % of 8" in text


def occurrence(version: int, status: str, asked: str | None = None) -> Event:
    """A check that fell due on a Monday, as actions last told of it."""
    kinds = {"due": actions.OccurrenceDue, "missed": actions.OccurrenceMissed}
    kind = kinds[status]
    return kind(
        event_id=event_id(kind.__name__, "o-1", version), provider_id=PROVIDER, site_id="elm-house", recorded_at=NOW,
        occurrence=actions.Occurrence(
            occurrence_id="o-1", version=version, routine_id="routine-1", kind="checklist", status=status,
            due_on=MONDAY, escalated_to=asked,
        ),
    )  # fmt: skip


async def test_a_missed_check_stands_on_its_sites_page_while_somebody_is_asked_about_it(world: World) -> None:
    """What nobody carried out names the role that it is with; history alone, or put at rest, it is not listed."""
    await world.fold(say.provider(), say.site(), say.report("r-1"), occurrence(1, "due"))
    assert "Checklist, due" in await said(world, "/sites/elm-house")
    await world.fold(occurrence(2, "missed"))
    assert "Checklist, due" not in await said(world, "/sites/elm-house")
    await world.fold(occurrence(3, "missed", "group_lead"))
    assert "Not carried out since: with the group lead" in await said(world, "/sites/elm-house")
    await world.fold(occurrence(4, "missed"))
    assert "Checklist, due" not in await said(world, "/sites/elm-house")


async def test_a_manager_sees_no_answers_of_another_site(world: World) -> None:
    """The pulse keeps to the reader's reach."""
    await world.fold(say.provider(), say.site(), say.site("oak", "Oak Lodge"), *answered(9, "oak"))
    client = world.client(Role.MANAGER, sites=frozenset({"elm-house"}))
    text = (await client.get(f"{HOME}/culture", headers=HTML)).text
    assert "Nobody answered the two questions" in text


async def test_quiet_says_what_it_could_have_seen(world: World) -> None:
    """No question, no rise, no disruption: each with how long a doubling would take and how many sites cannot tell."""
    reports = [say.report(f"r{n}", reported_at=TOLD - timedelta(weeks=n)) for n in range(30)]
    labels = [say.classified(f"r{n}") for n in range(30)]
    await world.fold(say.provider(), say.site(), say.site("oak", "Oak Lodge"), *reports, *labels)
    assert "A doubling would take about 5 weeks to show here." in await said(world, "/sites/elm-house")
    assert "there not even a doubling would show, at 1 of 2 sites anywhere." in await said(world, "/risks")
    assert "2 sites told of none in 13 weeks." in await said(world, "/continuity")
    overview = await said(world, "")
    assert "Oak Lodge had fewer than 5 reports in these 8 weeks" in overview
    assert "It does not say that nothing is wrong." in overview


@pytest.mark.parametrize(
    ("page", "status", "words"),
    [
        ("/culture?from=2026-11-16&to=2026-11-02", 422, "The period ends before it starts"),
        ("/culture?from=2026-11-30", 422, "The period holds no complete week yet"),
        ("/sites/no-such-house", 404, "Site no-such-house is not known here"),
        ("/domains/no_such_risk", 404, "Domain no_such_risk is not known here"),
        ("/reports?signal=none", 404, "Signal none is not known here"),
        ("/packs/none", 404, "Pack none is not known here"),
        ("/dictionary/tables/none", 404, "Table none is not exported"),
        ("/dictionary/events/None", 404, "Event None is not in the contracts"),
    ],
)
async def test_what_is_asked_wrongly_is_told_plainly(world: World, page: str, status: int, words: str) -> None:
    """Each says what is wrong with the address and leads back."""
    await world.fold(say.provider(), say.site())
    answer = await world.client(Role.GOVERNANCE).get(HOME + page, headers=HTML)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text[:2_000]
    assert "Go to the start page" in answer.text


async def test_the_week_that_still_runs_is_told_apart(world: World) -> None:
    """Reports of today count in no chart yet, and the page says where they are."""
    today = datetime.combine(MONDAY + timedelta(days=8), TOLD.timetz())
    await world.fold(say.provider(), say.site(), say.report("old"), say.report("new", reported_at=today))
    assert "This week so far, since Mon 23 Nov 2026: 1 report" in await said(world, "")
