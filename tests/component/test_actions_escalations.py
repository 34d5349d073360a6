"""Decisions on a report's escalation, on a real mongod: who may remove one, who reads second, what stays."""

from __future__ import annotations

import pytest

from shared.contracts.intake import ReportAmended
from shared.kernel.principal import Role
from tests.support.actions import MONDAY, corrected, open_house, report
from tests.support.duties import by_rule, client, prompted, told

pytestmark = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


async def test_removing_a_safeguarding_escalation_takes_a_second_reader_outside_the_site(house):
    """Proposed by the manager, agreed by another person from safeguarding; the label and the duties stay."""
    await house.fold(told("r", "A carer slapped her hand.", "safeguarding"))
    path = "/v1/reports/r/escalation"
    reading = {"version": 1, "agrees": True, "reason": "The body map agrees."}
    async with client(house, "ann", Role.MANAGER, sites=["s"]) as manager:
        before = (await manager.get(path)).json()
        proposed = (await manager.post(f"{path}:remove", json={"version": 0, "reason": "Seen before."})).json()
    refused = []
    for caller in (
        client(house, "ann", Role.SAFEGUARDING),
        client(house, "bob", Role.MANAGER, sites=["s", "t"]),
        client(house, "cy", Role.SAFEGUARDING, sites=["s"]),
    ):
        async with caller:
            refused.append((await caller.post(f"{path}:second-reading", json=reading)).status_code)
    async with client(house, "dee", Role.SAFEGUARDING) as lead:
        agreed = (await lead.post(f"{path}:second-reading", json=reading)).json()
        stale = await lead.post(f"{path}:uphold", json={"version": 1, "reason": "Late."})
        after = (await lead.get(path)).json()
        still_asked = await by_rule(lead)
    events = await house.events("EscalationDecided")

    assert (before["code"], before["decision"], before["removed"]) == ("safeguarding", None, False)
    assert (proposed["decision"]["status"], proposed["removed"]) == ("removal_proposed", False)
    assert refused == [403, 403, 403]
    assert (agreed["decision"]["status"], agreed["removed"], agreed["code"]) == ("removed", True, "safeguarding")
    assert agreed["decision"]["second_role"] == "safeguarding"
    assert (stale.status_code, after["decision"]["version"]) == (409, 2)
    assert [line["status"] for line in after["history"]] == ["removal_proposed", "removed"]
    assert [event.decision.status for event in events] == ["removal_proposed", "removed"]
    assert "safeguarding-abuse" in still_asked
    assert not any("ann" in event.model_dump_json() for event in events)


async def test_harm_is_removed_by_one_person_and_taken_back(house):
    """One decision with its reason; upholding takes it back, and a report without a code has nothing to decide."""
    await house.fold(told("r", "Nothing.", "harm_occurred"), told("n", "Nothing."))
    async with house.client(Role.MANAGER, sites=["s"]) as manager:
        path = "/v1/reports/r/escalation"
        blank = await manager.post(f"{path}:remove", json={"version": 0, "reason": "  "})
        removed = (await manager.post(f"{path}:remove", json={"version": 0, "reason": "Not ours."})).json()
        upheld = (await manager.post(f"{path}:uphold", json={"version": 1, "reason": "It was."})).json()
        nothing = await manager.post("/v1/reports/n/escalation:remove", json={"version": 0, "reason": "Why not."})
        unknown = await manager.get("/v1/reports/nobody/escalation")

    assert (blank.status_code, blank.json()["errors"][0]["field"]) == (422, "reason")
    assert (removed["removed"], upheld["removed"], upheld["decision"]["status"]) == (True, False, "upheld")
    assert (nothing.status_code, unknown.status_code) == (409, 404)


async def test_a_later_graver_label_is_not_removed_by_the_earlier_decision(house):
    """The decision was on harm; death stands until it is decided on by two."""
    await house.fold(told("r", "Nothing.", "harm_occurred"))
    async with house.client(Role.GOVERNANCE) as group:
        path = "/v1/reports/r/escalation"
        await group.post(f"{path}:remove", json={"version": 0, "reason": "Not ours."})
        await house.fold(corrected("r", 1, escalate=["death"], event_class="ESCALATED", is_near_miss=False))
        graver = (await group.get(path)).json()

    assert (graver["code"], graver["removed"], graver["decision"]["code"]) == ("death", False, "harm_occurred")


async def test_two_steps_do_not_remove_what_takes_two_readers(house):
    """Death corrected to harm is still removed by two, and an amended report counts again."""
    await house.fold(told("r", "Nothing.", "death"))
    await house.fold(corrected("r", 1, escalate=["harm_occurred"], event_class="LOW_HARM"))
    path = "/v1/reports/r/escalation"
    async with client(house, "ann", Role.MANAGER, sites=["s"]) as manager:
        proposed = (await manager.post(f"{path}:remove", json={"version": 0, "reason": "Only harm."})).json()
    async with client(house, "dee", Role.SAFEGUARDING) as lead:
        agreed = await lead.post(f"{path}:second-reading", json={"version": 1, "agrees": True, "reason": "Yes."})
        await house.fold(report("r", MONDAY, ReportAmended, 2))
        amended = (await lead.get(path)).json()
        old = {"version": 2, "reason": "As before.", "report_revision": 1}
        stale = await lead.post(f"{path}:uphold", json=old)
    events = await house.events("EscalationDecided")

    assert (proposed["code"], proposed["decision"]["status"]) == ("harm_occurred", "removal_proposed")
    assert agreed.json()["removed"]
    assert [event.decision.report_revision for event in events] == [1, 1]
    assert (amended["report_revision"], amended["removed"], amended["needs_review"]) == (2, False, True)
    assert (stale.status_code, stale.json()["errors"][0]["field"]) == (409, "report_revision")


async def test_an_upheld_escalation_stands_against_a_later_label(house):
    """The code that a person upheld is shown and marked for review, and one person cannot take it away."""
    await house.fold(told("r", "A carer slapped her hand.", "safeguarding"))
    path = "/v1/reports/r/escalation"
    async with house.client(Role.GOVERNANCE) as group:
        await group.post(f"{path}:uphold", json={"version": 0, "reason": "It was seen."})
        await house.fold(prompted("r", "Nothing in the words.", "", revision=2))
        after = (await group.get(path)).json()
        removal = (await group.post(f"{path}:remove", json={"version": 1, "reason": "No."})).json()

    assert (after["code"], after["removed"], after["needs_review"]) == ("safeguarding", False, True)
    assert removal["decision"]["status"] == "removal_proposed"


async def test_the_sites_own_manager_is_no_second_reader_whatever_else_they_are(house):
    """A manager with another hat is refused at a site that they manage; elsewhere the hat is written down."""
    await house.fold(told("r", "A carer slapped her hand.", "safeguarding"))
    path = "/v1/reports/r/escalation"
    reading = {"version": 1, "agrees": True, "reason": "The body map agrees."}
    async with client(house, "ann", Role.MANAGER, sites=["s"]) as manager:
        await manager.post(f"{path}:remove", json={"version": 0, "reason": "Seen before."})
    refused = []
    for reach in (["s", "t"], None):
        async with client(house, "cy", Role.MANAGER, Role.SAFEGUARDING, sites=reach) as both:
            refused.append((await both.post(f"{path}:second-reading", json=reading)).status_code)
    async with client(house, "eve", Role.GOVERNANCE, sites=["s", "t"]) as group:
        agreed = (await group.post(f"{path}:second-reading", json=reading)).json()

    assert refused == [403, 403]
    assert (agreed["decision"]["status"], agreed["decision"]["second_role"]) == ("removed", "governance")


async def test_what_was_typed_while_a_report_was_held_stays_with_those_who_see_held_reports(house):
    """After the release the site reads the duty and the decision without those words, over HTTP and on the log."""
    await house.fold(told("r", "The manager slapped her.", "safeguarding", visibility="held"))
    escalation = "/v1/reports/r/escalation"
    async with client(house, "dee", Role.SAFEGUARDING) as lead:
        asked = await by_rule(lead)
        path = f"/v1/duties/{asked['safeguarding-abuse']['duty_id']}"
        await lead.post(f"{path}:answer", json={"version": 1, "answer": "yes", "reason": "Held words of the lead."})
        await lead.post(f"{path}:done", json={"version": 2, "reference": "Held words, case 4."})
        await lead.post(f"{escalation}:remove", json={"version": 0, "reason": "Held words on removal."})
    before = len(await house.events())
    await house.fold(report("r", MONDAY, ReportAmended, 2))
    async with client(house, "ann", Role.MANAGER, sites=["s"]) as manager:
        read = [(await manager.get(place)).text for place in (path, "/v1/duties?status=all", escalation)]
        opened = {"version": 4, "answer": "no", "reason": "Open words."}
        answered = (await manager.post(f"{path}:answer", json=opened)).json()
    async with client(house, "eve", Role.GOVERNANCE) as group:
        refusal = {"version": 1, "agrees": False, "reason": "Open words of the second."}
        await group.post(f"{escalation}:second-reading", json=refusal)
        whole = (await group.get(path)).text + (await group.get(escalation)).text
    released = [event.model_dump_json() for event in (await house.events())[before:]]

    assert [text.count("Held words") for text in read] == [0, 0, 0]
    assert answered["reason"] == "Open words."
    assert "Held words on removal." in whole
    assert len(released) >= 3
    assert [text.count("Held words") for text in released] == [0] * len(released)
