"""What batches of records do to facts, tasks and the outbox, on a real mongod."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from shared.contracts.intake import ReportAmended, ReportWithdrawn
from tests.support.actions import (
    HANDOVER,
    MONDAY,
    classified,
    corrected,
    exposed,
    handovers,
    open_house,
    registered,
    report,
)

pytestmark = pytest.mark.engines
CHECKLIST = "medication-handover-checklist"


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


def everything() -> list:
    """Every kind of input: amended, withdrawn, held, corrected, backfilled, exposed."""
    return [
        *registered(),
        *handovers([0, 5, 9]),
        report("a", MONDAY),
        report("a", MONDAY, ReportAmended, 2, visibility="held"),
        classified("a"),
        corrected("a", domains=["equipment"], contributory_factors=["maintenance_lapse"]),
        report("w", MONDAY),
        report("w", MONDAY, ReportWithdrawn, 2),
        classified("w"),
        report("b", MONDAY, origin="backfill"),
        classified("b"),
        exposed(0, 280),
        exposed(0, 300, revision=2),
        exposed(1, 290),
    ]


async def known(house) -> dict:
    """What is stored of the inputs, without how often a site was touched."""
    states = await house.state("site_states")
    return {
        "facts": await house.state("facts"),
        "exposure": await house.state("exposure"),
        "sites": await house.state("sites"),
        "providers": await house.state("providers"),
        "states": [{name: value for name, value in state.items() if name != "folds"} for state in states],
    }


async def test_every_order_and_every_cut_of_the_inputs_gives_the_same_facts(mongodb_uri, database_prefix):
    """Order across topics is not given: shuffled and cut into batches in ten ways, the facts agree."""
    found = []
    for seed in range(10):
        async with open_house(mongodb_uri, f"{database_prefix}{seed}_") as house:
            inputs, shuffle = everything(), random.Random(seed)
            if seed:
                shuffle.shuffle(inputs)
            while inputs:
                size = shuffle.randint(1, 7)
                await house.fold(inputs[:size])
                inputs = inputs[size:]
            found.append(await known(house))

    assert all(other == found[0] for other in found)
    facts = {fact["report_id"]: fact for fact in found[0]["facts"]}
    assert {name for name, fact in facts.items() if fact["counts"]} == {"r0", "r5", "r9", "a"}
    assert facts["a"]["domains"] == ["equipment"]
    assert [period["value"] for period in found[0]["exposure"]] == [300, 290]


async def test_no_word_of_a_report_is_stored(house):
    """Facts are labels and times; the text stays where it was."""
    await house.fold(everything())

    for collection in await house.db.list_collection_names():
        for document in await house.state(collection):
            assert "Invented words" not in repr(document)


async def test_a_match_proposes_one_task_with_its_event(house):
    """Three fitting reports: one task, dated by now, with the playbook's steps, and one event of the same."""
    await house.fold(handovers([0, 5, 9]))

    [task] = await house.state("tasks")
    [event] = await house.events()
    assert (task["playbook_id"], task["status"], task["visibility"]) == (CHECKLIST, "proposed", "site")
    assert task["report_ids"] == ["r0", "r5", "r9"]
    assert event.type == "ActionProposed"
    assert event.action.action_id == task["_id"]
    assert event.action.steps[0].step_id == "draft"
    assert (event.by_role, event.replay, event.effective_at) == ("system", False, event.recorded_at)


async def test_the_same_events_again_make_no_second_task_and_no_second_event(house):
    """A relay's crash repeats a batch; it comes to nothing."""
    batch = [*registered(), *handovers([0, 5, 9, 12])]
    await house.fold(batch)
    before = (await house.events(), await house.state("tasks"), await house.state("facts"))

    await house.fold(batch)
    for event in batch:
        await house.fold(event)

    assert (await house.events(), await house.state("tasks"), await house.state("facts")) == before


async def test_a_replayed_match_is_dated_as_it_would_have_been(house):
    """History counts from the day on which the third report was told, and carries the mark."""
    await house.fold(handovers([0, 5, 9], replay=True))

    [event] = await house.events()
    assert event.replay
    assert event.effective_at.date() == MONDAY + timedelta(days=9)
    assert event.action.proposed_at == event.effective_at


async def test_backfill_proposes_nothing(house):
    """Years of imported history call for no task."""
    await house.fold(handovers([0, 5, 9, 12, 13], origin="backfill"))

    assert await house.events() == []


async def test_a_further_match_links_with_one_event_per_batch(house):
    """Two more reports in one batch are one change of the one open task."""
    await house.fold(handovers([0, 5, 9]))
    await house.fold(handovers([12, 20]))

    events = await house.events()
    assert [(event.type, event.action.version) for event in events] == [("ActionProposed", 1), ("ActionChanged", 2)]
    assert events[1].action.report_ids == ("r0", "r5", "r9", "r12", "r20")


async def test_reports_of_other_sites_and_tenants_do_not_add_up(house):
    """Two here, two there and one at another provider are no pattern."""
    await house.fold(
        handovers([0, 5]), handovers([1, 6], "o", site_id="other"), handovers([2], "t", provider_id="tenant2")
    )

    assert await house.events() == []


async def test_a_withdrawn_report_leaves_the_open_task(house):
    """It is out of all counts, so it is no evidence."""
    await house.fold(handovers([0, 5, 9, 12]))
    await house.fold(report("r5", MONDAY + timedelta(days=5), ReportWithdrawn, 2))

    [task] = await house.state("tasks")
    assert task["report_ids"] == ["r0", "r9", "r12"]
    assert [event.type for event in await house.events()] == ["ActionProposed", "ActionChanged"]


async def test_a_correction_can_make_the_match(house):
    """What a person said counts as soon as it is said."""
    await house.fold(handovers([0, 5]), report("c", MONDAY), classified("c", (("nutrition_hydration",), ())))
    assert await house.events() == []

    await house.fold(corrected("c", domains=["medication"], contributory_factors=["shift_handover"]))
    assert [event.type for event in await house.events()] == ["ActionProposed"]


async def test_a_match_that_takes_a_held_report_is_held_until_the_others_are_enough(house):
    """The site learns of the task when its own reports make it, and never of the held one."""
    await house.fold(handovers([0, 5]), handovers([7], "held", visibility="held"))
    await house.fold(handovers([9]))

    first, second = await house.events()
    assert (first.action.visibility, set(first.action.report_ids)) == ("held", {"r0", "r5", "held7"})
    assert (second.type, second.action.visibility) == ("ActionChanged", "site")
    assert second.action.report_ids == ("r0", "r5", "r9")
    assert second.action.action_id == first.action.action_id


async def test_a_report_that_becomes_held_leaves_the_task_that_its_site_sees(house):
    """An amendment that accuses a manager is not left standing on the manager's own board."""
    await house.fold(handovers([0, 5, 9, 12]))
    await house.fold(report("r5", MONDAY + timedelta(days=5), ReportAmended, 2, visibility="held"))

    [task] = await house.state("tasks")
    assert (task["visibility"], task["report_ids"]) == ("site", ["r0", "r9", "r12"])


async def test_a_batch_of_five_hundred_records_asks_the_database_a_handful_of_things(house):
    """Fifty sites with a match each: reads are by the batch, never by the record."""
    events = []
    for number in range(50):
        events += handovers([0, 1, 2, 3, 4], site_id=f"s{number:02d}", prefix=f"x{number:02d}-")
    before = await _reads(house)
    tx = await house.fold(events)

    assert len(tx.rows) == 50
    assert len(await house.state("facts")) == 250
    assert await _reads(house) - before < 12


async def _reads(house) -> int:
    counters = (await house.runtime.mongo.client.admin.command("serverStatus"))["opcounters"]
    return counters["query"] + counters["getmore"]


async def test_a_record_that_breaks_a_rule_is_refused_and_the_rest_of_the_batch_counts(house):
    """A report without a site, and exposure that ends before it starts, go to the dead letter."""
    nowhere = report("n", MONDAY).model_copy(update={"site_id": None})
    backwards = exposed(0, 1)
    period = backwards.exposure.model_copy(update={"period_end": MONDAY - timedelta(days=1)})

    tx = await house.fold(nowhere, backwards.model_copy(update={"exposure": period}), handovers([0]))

    assert [reason for _, reason in tx.rejected] == ["names no site", "the exposure's period ends before it starts"]
    assert [fact["report_id"] for fact in await house.state("facts")] == ["r0"]


async def test_two_transactions_at_one_site_cannot_both_miss_the_match(house):
    """Report and report in two processes at once: the common state document makes one of them run again."""
    await house.fold(handovers([0]))
    await asyncio.gather(house.fold(handovers([5])), house.fold(handovers([9])))

    assert [event.type for event in await house.events()] == ["ActionProposed"]
    [task] = await house.state("tasks")
    assert sorted(task["report_ids"]) == ["r0", "r5", "r9"]


async def test_labels_of_unknown_words_do_no_harm(house):
    """A domain of tomorrow is kept and fits no playbook of today."""
    await house.fold(report("u", MONDAY), classified("u", (("a_domain_of_tomorrow",), ("a_factor_of_tomorrow",))))

    [fact] = await house.state("facts")
    assert fact["domains"] == ["a_domain_of_tomorrow"]
    assert HANDOVER[0][0] not in fact["domains"]
