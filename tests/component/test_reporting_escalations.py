"""Decisions on escalation in reporting, on a real mongod."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.reporting.adapters.documents import labels_of
from shared.contracts import escalations
from shared.contracts.envelope import Event
from shared.kernel.ids import event_id
from shared.kernel.principal import Role
from tests.support import reporting as say
from tests.support.reporting import NOW, PROVIDER, World, open_world

pytestmark = pytest.mark.engines


@pytest.fixture
async def world(mongodb_uri: str, database_prefix: str) -> AsyncIterator[World]:
    async with open_world(mongodb_uri, database_prefix) as opened:
        yield opened


def decided(
    report_id: str,
    status: str,
    code: str = "safeguarding",
    version: int = 1,
    site: str = "elm-house",
    revision: int | None = None,
    alone: bool = False,
) -> Event:
    """What people decided of a report's escalation."""
    return escalations.EscalationDecided(
        event_id=event_id("EscalationDecided", report_id, version),
        provider_id=PROVIDER,
        site_id=site,
        recorded_at=NOW,
        by_role="manager",
        decision=escalations.EscalationDecision(
            report_id=report_id,
            version=version,
            status=status,
            code=code,
            report_revision=revision,
            second_role="safeguarding" if status == "removed" and not alone else None,
            reason="typed reason",
            by_role="manager",
            decided_at=NOW,
        ),
    )


def escalated(report_id: str, near_miss: bool | None = True, code: str = "safeguarding", **changes: Any) -> list[Event]:
    """A report whose label carries an escalation."""
    labels = {"escalate": (code,), "is_near_miss": near_miss} | changes
    event_class = "LOW_HARM" if code == "harm_occurred" else "ESCALATED"
    return [say.report(report_id), say.classified(report_id, ["equipment"], event_class, **labels)]


@pytest.mark.parametrize(
    ("labels", "column"),
    [
        ({"near_miss": True}, "near_misses"),
        ({"near_miss": True, "disruption_kind": "utilities"}, "disruptions"),
        ({"near_miss": None}, "class_unknown"),
        ({"near_miss": False}, "class_unknown"),
        ({"near_miss": False, "code": "harm_occurred"}, "class_unknown"),
    ],
)
async def test_a_removed_escalation_counts_as_if_there_were_none(world: World, labels: Any, column: str) -> None:
    """The class is computed anew by the shared table, to be looked at where that is unknown; the label stays."""
    code = labels.get("code", "safeguarding")
    await world.fold(*escalated("r1", **labels))
    before = (await world.row())["counts"]
    await world.fold(decided("r1", "removed", code))
    after = (await world.row())["counts"]
    fact = await world.mongo.db["facts"].find_one({"report_id": "r1"})

    assert before["escalated"] + before["reached_someone"] == 1
    assert (after["escalated"], after["reached_someone"], after["reports"]) == (0, 0, 1)
    assert [name for name in ("near_misses", "disruptions", "class_unknown") if after[name]] == [column]
    assert (before["needs_review"], after["needs_review"]) == (0, int(column == "class_unknown"))
    assert labels_of(fact["labels"])["fields"]["escalate"]["value"] == [code]


async def test_proposals_and_upheld_ones_change_no_count_and_a_removal_can_be_taken_back(world: World) -> None:
    """Only `removed` counts; the higher version holds."""
    await world.fold(*escalated("r1"))
    seen = []
    for version, status in enumerate(("removal_proposed", "removed", "upheld"), start=1):
        await world.fold(decided("r1", status, version=version))
        seen.append((await world.row())["counts"]["escalated"])

    assert seen == [1, 0, 1]


async def test_a_decision_on_another_code_says_nothing_of_the_label_now(world: World) -> None:
    """What was removed as harm is escalated again once a person says death."""
    await world.fold(*escalated("r1", code="harm_occurred"), decided("r1", "removed", "harm_occurred"))
    await world.fold(say.corrected("r1", 1, escalate=["death"], event_class="ESCALATED", is_near_miss=False))

    assert (await world.row())["counts"]["escalated"] == 1


async def test_a_class_that_a_person_gave_stays(world: World) -> None:
    """Removing the escalation does not overrule a class that the escalation did not make."""
    await world.fold(*escalated("r1"), say.corrected("r1", 1, event_class="HAZARD"), decided("r1", "removed"))
    counts = (await world.row())["counts"]

    assert (counts["reports"], counts["near_misses"], counts["escalated"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("code", "stated", "column"),
    [
        ("safeguarding", "NEAR_MISS", "escalated"),
        ("safeguarding", "NOT_AN_EVENT", "escalated"),
        ("harm_occurred", "NEAR_MISS", "reached_someone"),
    ],
)
async def test_a_stated_class_alone_does_not_undo_an_escalation(
    world: World, code: str, stated: str, column: str
) -> None:
    """Only a decision takes a report out of the escalated; in lists it stands under the same class as in counts."""
    await world.fold(*escalated("r1", code=code), say.corrected("r1", 1, event_class=stated))
    counts = (await world.row())["counts"]
    async with world.client(Role.GOVERNANCE) as group:
        [listed] = (await group.get("/v1/reports")).json()["reports"]

    assert {name for name, number in counts.items() if number} == {"reports", column}
    assert listed["event_class"] == ("ESCALATED" if column == "escalated" else "NO_HARM")


async def test_removing_one_code_leaves_the_others_of_a_correction(world: World) -> None:
    """A decision is of one code; another that a person has stated beside it stands."""
    await world.fold(*escalated("r1"), say.corrected("r1", 1, escalate=["harm_occurred", "death"]))
    await world.fold(decided("r1", "removed", "harm_occurred"))
    fact = await world.mongo.db["facts"].find_one({"report_id": "r1"})

    assert (fact["event_class"], fact["escalation"]) == ("ESCALATED", {"code": "death", "status": "standing"})


@pytest.mark.parametrize("grave_first", [True, False])
async def test_one_person_alone_removes_nothing_that_was_ever_grave(world: World, grave_first: bool) -> None:
    """A correction to a lesser code does not do away with the second reader, whatever came first."""
    steps: list[Event] = [
        *escalated("r1", code="death"),
        say.corrected("r1", 1, escalate=["harm_occurred"]),
        decided("r1", "removed", "harm_occurred", alone=True),
    ]
    for step in steps if grave_first else reversed(steps):
        await world.fold(step)
    alone = (await world.row())["counts"]
    await world.fold(decided("r1", "removed", "harm_occurred", version=2))
    together = (await world.row())["counts"]

    assert (alone["reached_someone"], alone["needs_review"]) == (1, 1)
    assert together["reached_someone"] == 0


async def test_one_person_alone_removes_a_lesser_code(world: World) -> None:
    """Where none of the four codes was ever given, no second reader is needed."""
    await world.fold(*escalated("r1", code="harm_occurred"), decided("r1", "removed", "harm_occurred", alone=True))

    assert (await world.row())["counts"]["reached_someone"] == 0


async def test_a_removal_does_not_outlive_an_amendment(world: World) -> None:
    """It holds for the revision that was read and earlier ones; a newer decision on the new words holds again."""
    await world.fold(*escalated("r1"), decided("r1", "removed", revision=1))
    seen = [(await world.row())["counts"]["escalated"]]
    relabelled = say.classified("r1", ["equipment"], "ESCALATED", revision=2, escalate=("safeguarding",))
    await world.fold(say.amended("r1", 2), relabelled)
    amended = (await world.row())["counts"]
    await world.fold(decided("r1", "removed", version=2, revision=2))
    seen += [amended["escalated"], (await world.row())["counts"]["escalated"]]

    assert seen == [0, 1, 0]
    assert amended["needs_review"] == 1


async def test_a_proposal_does_not_wait_once_the_words_have_changed(world: World) -> None:
    """Nobody can agree to what was proposed of other words: it stands, to be decided anew."""
    await world.fold(*escalated("r1"), decided("r1", "removal_proposed", revision=1), say.amended("r1", 2))
    fact = await world.mongo.db["facts"].find_one({"report_id": "r1"})

    assert (fact["escalation"]["status"], fact["needs_review"]) == ("standing", True)


async def test_a_removal_without_a_revision_holds_for_all(world: World) -> None:
    """Older decisions do not say what was read; they hold as they did."""
    await world.fold(*escalated("r1"), decided("r1", "removed"), say.amended("r1", 2))

    assert (await world.row())["counts"]["escalated"] == 0


@pytest.mark.parametrize("status", ["upheld", "removal_proposed"])
async def test_what_is_not_removed_stands_when_the_model_changes_its_mind(world: World, status: str) -> None:
    """The code that was decided on counts on, and the labels are to be looked at; only a removal ends it."""
    await world.fold(*escalated("r1"), decided("r1", status))
    await world.fold(say.amended("r1", 2), say.classified("r1", ["equipment"], revision=2))
    counts = (await world.row())["counts"]
    fact = await world.mongo.db["facts"].find_one({"report_id": "r1"})
    await world.fold(decided("r1", "removed", version=2, revision=2))
    after = (await world.row())["counts"]

    assert {name for name, number in counts.items() if number} == {"reports", "escalated", "needs_review"}
    assert fact["escalation"]["code"] == "safeguarding"
    assert {name for name, number in after.items() if number} == {"reports", "near_misses"}


@pytest.mark.parametrize("upheld", ["harm_occurred", "police"])
async def test_an_upheld_code_does_not_hide_a_graver_one(world: World, upheld: str) -> None:
    """The gravest code that stands decides where the report counts."""
    await world.fold(*escalated("r1", code=upheld), decided("r1", "upheld", upheld))
    await world.fold(say.corrected("r1", 1, escalate=["death"]))
    fact = await world.mongo.db["facts"].find_one({"report_id": "r1"})

    assert (fact["event_class"], fact["escalation"]["code"]) == ("ESCALATED", "death")


async def test_every_order_of_report_label_and_decision_gives_the_same(mongodb_uri: str, database_prefix: str) -> None:
    """The decision may be heard before the report; repeats do nothing."""
    events = [
        *escalated("r1"),
        decided("r1", "removal_proposed", revision=1),
        decided("r1", "removed", version=2, revision=1),
        say.amended("r1", 2),
    ]
    found: list[Any] = []
    for number, order in enumerate(itertools.permutations(events)):
        if number % 11:
            continue  # every eleventh order begins and ends differently; all 120 take long
        async with open_world(mongodb_uri, f"{database_prefix}{number}_") as world:
            for event in (*order, *order):
                await world.fold(event)
            found.append([line for line in await world.lines() if line["view"] == "facts"])

    assert all(lines == found[0] for lines in found)
    [fact] = found[0]
    assert (fact["event_class"], fact["escalation"]["status"]) == ("ESCALATED", "standing")


async def test_the_rate_of_removals_is_a_view_by_site(world: World) -> None:
    """Counts and share by site and in all; null where nothing is escalated; held ones only for those who see them."""
    await world.fold(
        say.provider(),
        say.site(),
        say.site("willow-grange", "Willow Grange", "nursing"),
        *escalated("r1"),
        *escalated("r2"),
        *escalated("r3", code="harm_occurred"),
        say.report("r4", visibility="held"),
        say.classified("r4", [], "ESCALATED", escalate=("police",)),
        decided("r1", "removed"),
        decided("r2", "removal_proposed"),
        decided("r3", "removed", "harm_occurred"),
    )
    async with world.client(Role.GOVERNANCE) as group:
        whole = (await group.get(f"/v1/providers/{PROVIDER}/escalations")).json()
        none = (await group.get(f"/v1/providers/{PROVIDER}/escalations", params={"to": "2026-01-04"})).json()
        page = (await group.get(f"/providers/{PROVIDER}")).text
    async with world.client(Role.MANAGER, sites=frozenset({"elm-house"})) as manager:
        own = (await manager.get(f"/v1/providers/{PROVIDER}/escalations")).json()

    elm, willow = whole["sites"]
    assert elm == {
        "site_id": "elm-house",
        "name": "Elm House",
        "escalated": 4,
        "removed": 2,
        "proposed": 1,
        "removal_rate": 0.5,
    }
    assert (willow["escalated"], willow["removal_rate"]) == (0, None)
    assert whole["totals"] == {"escalated": 4, "removed": 2, "proposed": 1, "removal_rate": 0.5}
    assert (none["totals"]["escalated"], none["totals"]["removal_rate"]) == (0, None)
    assert [(site["site_id"], site["escalated"]) for site in own["sites"]] == [("elm-house", 3)]
    assert "2 of 4 escalations removed, 1 waiting for a second reader" in page
