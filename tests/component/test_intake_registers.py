"""Registry and exposure through intake's HTTP, and the fold of classifications and actions, over the real mongod."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from services.intake.adapters.aggregates import Aggregates
from services.intake.adapters.comparisons import MongoComparisons
from services.intake.adapters.progress import MongoProgress
from services.intake.routes.folds import progress_fold
from shared.contracts import actions as actions_wire
from shared.contracts.envelope import Event
from shared.contracts.topics import ACTIONS, CLASSIFICATIONS, Topic
from shared.runtime.fenced import Tx
from shared.runtime.received import Received
from tests.support.intake import NOW, PROVIDERS, SITES, Intake, running
from tests.support.reporting import classified as said_of

pytestmark = pytest.mark.engines
HEADING = SITES.splitlines()[0]


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix) as one:
        yield one


async def table(intake: Intake, kind: str, content: str, **options: Any) -> httpx.Response:
    headers = {"Content-Type": "text/csv"}
    return await intake.call("POST", f"/v1/registry:import?kind={kind}", content=content, headers=headers, **options)


async def test_registering_publishes_whole_states_once(intake: Intake) -> None:
    """A register publishes each provider and site; the same file again publishes nothing."""
    first = [await table(intake, "providers", PROVIDERS), await table(intake, "sites", SITES)]
    again = [await table(intake, "providers", PROVIDERS), await table(intake, "sites", SITES)]

    assert [(answer.json()["changed"], answer.json()["unchanged"]) for answer in first] == [(2, 0), (3, 0)]
    assert [(answer.json()["changed"], answer.json()["unchanged"]) for answer in again] == [(0, 2), (0, 3)]
    events = await intake.outbox("sites")
    assert sorted(event["type"] for event in events) == ["ProviderRegistered"] * 2 + ["SiteRegistered"] * 3
    (elm,) = [event for event in events if event["site_id"] == "elm"]
    assert (
        elm["site"]["revision"],
        elm["site"]["history"][0]["setting"],
        elm["site"]["history"][0]["councils"],
    ) == (1, "residential", ["Northshire", "Vale"])


async def test_a_site_is_renamed_and_closed_with_its_history_kept(intake: Intake) -> None:
    """A later row adds to the history, a closing date closes; each change is one revision and one event."""
    await table(intake, "providers", PROVIDERS)
    await table(intake, "sites", SITES)
    await intake.db["outbox"].delete_many({})
    renamed = "rowan,elm,Elm Grange,1-1,nursing,ZZ1 1AA,40,beds,North,Northshire,,2015-04-01,{},2026-02-01"

    for closing in ("", "2026-06-30"):
        answer = await table(intake, "sites", f"{HEADING}\n{renamed.format(closing)}\n")
        assert answer.json()["changed"] == 1

    events = await intake.outbox("sites")
    assert [(event["type"], event["site"]["revision"]) for event in events] == [("SiteChanged", 2), ("SiteClosed", 3)]
    assert [version["name"] for version in events[1]["site"]["history"]] == ["Elm House", "Elm Grange"]
    assert events[1]["site"]["closed_on"] == "2026-06-30"


async def test_faulty_rows_are_listed_and_good_ones_applied(intake: Intake) -> None:
    """Faults are listed by line and field, a site with a faulty row is left out whole, the other sites are applied."""
    await table(intake, "providers", PROVIDERS)
    rows = [
        "rowan,elm,Elm House,,residential,,,,,,,2015-04-01,,",
        "rowan,ash,Ash Lodge,,castle,,many,,,,,2016-04-01,,",
        "rowan,ash,Ash Grange,,nursing,,,,,,,2016-04-01,,2020-01-01",
        "rowan,yew,,,nursing,,,,,,,2016-04-01,2016-03-01,",
        "nobody,fir,Fir,,nursing,,,,,,,2016-04-01,,",
        "rowan,oak,short",
    ]

    answer = await table(intake, "sites", "\n".join([HEADING, *rows]))

    said = answer.json()
    assert (answer.status_code, said["rows"], said["changed"]) == (200, 6, 1)
    assert sorted(((fault["line"], fault["field"]) for fault in said["errors"]), key=str) == [
        (3, "capacity"),
        (3, "setting"),
        (4, "site_id"),
        (5, "closed_on"),
        (5, "name"),
        (6, "provider_id"),
        (7, None),
    ]


async def test_a_missing_column_is_named_and_nothing_is_taken(intake: Intake) -> None:
    """A table without a column is refused whole; the answer names the column and lists what is expected."""
    await table(intake, "providers", PROVIDERS)

    answer = await table(intake, "sites", SITES.replace("postcode,", "", 1))

    (fault,) = answer.json()["errors"]
    assert (answer.status_code, fault["field"], "cqc_location_id" in answer.json()["detail"]) == (422, "postcode", True)
    assert await intake.db["sites"].count_documents({}) == 0


async def test_only_operators_register_and_everybody_sees_their_own_sites(intake: Intake) -> None:
    """A governance key may not register; it lists the sites of its provider, a scoped key its own sites alone."""
    await intake.register()
    governance, manager = await intake.key("governance"), await intake.key("manager", sites=["ash"])

    forbidden = await table(intake, "sites", SITES, key=governance)
    lists = [(await intake.call("GET", "/v1/registry/sites", key)).json() for key in (governance, manager)]
    foreign = await intake.call("GET", "/v1/registry/sites?provider_id=other", governance)

    assert (forbidden.status_code, foreign.status_code) == (403, 404)
    assert [[site["site_id"] for site in said["sites"]] for said in lists] == [["ash", "elm"], ["ash"]]


def period(**changes: Any) -> dict[str, Any]:
    return {
        "site_id": "elm",
        "period_start": "2026-02-23",
        "period_end": "2026-03-01",
        "unit": "occupied_bed_days",
        "value": 266,
        "basis": "counted",
    } | changes


async def test_exposure_is_published_once_per_change(intake: Intake) -> None:
    """A period told twice is published once; told with another value it is a new revision, by list or by CSV."""
    await intake.register()
    key = await intake.key("feed")
    told = [period(), period(unit="visits", value=12.5)]
    corrected = "site_id,period_start,period_end,unit,value,basis\nelm,2026-02-23,2026-03-01,visits,13,estimated\n"

    answers = [await intake.call("POST", "/v1/exposure", key, json=told) for _ in range(2)]
    csv_type = {"Content-Type": "text/csv"}
    answers.append(await intake.call("POST", "/v1/exposure", key, content=corrected, headers=csv_type))

    assert [(one.json()["changed"], one.json()["unchanged"]) for one in answers] == [(2, 0), (0, 2), (1, 0)]
    events = await intake.outbox("exposure")
    visits = [event["exposure"] for event in events if event["exposure"]["unit"] == "visits"]
    assert [(v["revision"], v["value"], v["basis"]) for v in visits] == [(1, 12.5, "counted"), (2, 13.0, "estimated")]
    assert len({event["event_id"] for event in events}) == 3


async def test_faulty_exposure_is_listed_by_line(intake: Intake) -> None:
    """A wrong line is named by number and field; another tenant's site is as unknown as one that does not exist."""
    await intake.register()
    told = [
        period(),
        period(site_id="oak"),
        period(value=-1),
        period(period_end="2026-02-01"),
        period(period_start="2026-04-01", period_end="2026-04-02"),
        period(basis="guessed"),
        period(colour="red"),
        period(site_id="ash"),
        7,
    ]

    answer = await intake.call("POST", "/v1/exposure", await intake.key("feed"), json=told)
    none = await intake.call("POST", "/v1/exposure", await intake.key("feed"), json=told[1:])

    assert [(fault["line"], fault["field"]) for fault in answer.json()["errors"]] == [
        (2, "site_id"),
        (3, "value"),
        (4, "period_end"),
        (5, "period_start"),
        (6, "basis"),
        (7, "colour"),
        (8, "period_start"),
        (9, None),
    ]
    assert (answer.status_code, answer.json()["changed"], answer.json()["rows"]) == (200, 1, 9)
    assert none.status_code == 422


def classified(report_id: str, at: datetime) -> Event:
    told = said_of(report_id, site="elm", provider="rowan")
    return told.model_copy(update={"recorded_at": at})


def action(version: int, status: str, *report_ids: str) -> Event:
    return actions_wire.ActionChanged.model_construct(
        provider_id="rowan",
        site_id="elm",
        recorded_at=NOW,
        action=SimpleNamespace(
            action_id="a1", version=version, status=status, title="Checklist", completed_at=None, report_ids=report_ids
        ),
    )


async def test_progress_is_the_same_in_any_order_and_when_repeated(intake: Intake) -> None:
    """What a reporter will be told does not depend on the order of the log, nor on repeats."""
    early, late = NOW, NOW + timedelta(days=1)
    told: list[tuple[Topic, Event]] = [
        (CLASSIFICATIONS, classified("r1", early)),
        (ACTIONS, action(1, "proposed", "r1")),
        (CLASSIFICATIONS, classified("r1", late)),
        (ACTIONS, action(2, "accepted", "r1", "r2")),
    ]
    mongo = intake.app.state.runtime.mongo
    aggregates = Aggregates(mongo, intake.clock, lambda: None)
    fold = progress_fold(MongoProgress(mongo, aggregates), MongoComparisons(mongo, aggregates))

    async def after(order: Sequence[tuple[Topic, Event]]) -> list[dict[str, Any]]:
        await intake.db["progress"].delete_many({})
        for topic, event in order:

            async def work(session: Any, topic: Topic = topic, event: Event = event) -> None:
                await fold([Received(topic, event, None)], Tx(session, intake.db, datetime.now(UTC), "intake"))

            await mongo.in_transaction(work)
        return await intake.db["progress"].find().sort("_id", 1).to_list(None)

    forwards = await after(told)

    assert forwards == await after(told[::-1]) == await after([*told, *told])
    assert (early, "accepted") == (forwards[0]["classified_at"], forwards[0]["actions"]["a1"]["status"])
    assert (forwards[1]["classified_at"], forwards[1]["actions"]["a1"]["version"]) == (None, 2)


async def test_a_history_does_not_grow_over_its_limit(intake: Intake) -> None:
    """A register that would make a stored site's history too long is refused by line and column; others are applied."""
    await table(intake, "providers", PROVIDERS)
    row = "rowan,{},Home,,nursing,,,,,,,2015-04-01,,{}"
    days = [str((NOW - timedelta(days=n)).date()) for n in range(101)]
    await table(intake, "sites", "\n".join([HEADING, *(row.format("elm", day) for day in days[:100])]))

    answer = await table(intake, "sites", "\n".join([HEADING, row.format("ash", ""), row.format("elm", days[100])]))

    said = answer.json()
    assert (said["changed"], said["unchanged"]) == (1, 0)
    assert [(one["line"], one["field"]) for one in said["errors"]] == [(3, "effective_from")]
    events = await intake.outbox("sites")
    lengths = {event["site_id"]: len(event["site"]["history"]) for event in events if event.get("site_id")}
    assert lengths == {"elm": 100, "ash": 1}
