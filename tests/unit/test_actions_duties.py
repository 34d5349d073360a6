"""Duties and their clocks: what runs from when, what is unknown, and what people may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.domain import duties, duty_acts
from services.actions.domain.duties import Duty, Prompt, ReportFacts
from services.actions.domain.facts import Asked, Fact, ReportPart
from services.actions.routes.fold import add_event
from services.actions.usecases.duties import Rulebook, Spoken, codes_given, councils_on
from services.actions.usecases.fold import Batch
from shared.kernel.errors import Conflict, Invalid, NotFound
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.precedence import Fact as Said
from tests.support.actions import report

TAXONOMY = load_taxonomy()
PACKS = load_duties(TAXONOMY)
RULEBOOK = Rulebook(PACKS, DutyPrompts(PACKS, TAXONOMY))
OCCURRED = datetime(2026, 3, 1, 21, 40, tzinfo=UTC)
KNOWN = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FACTS = ReportFacts("p", "s", "r", OCCURRED, KNOWN, "residential", "site", withdrawn=False)


def advised(rule: str, **changes) -> Duty:
    facts = replace(FACTS, **changes)
    [duty] = duties.duties_of([Prompt(rule, "why", 1)], facts, PACKS, NOW)
    return duty


def test_the_law_runs_from_the_event_and_our_own_target_from_knowing():
    """Ten days of the incident by law; a day from the moment a worker first told it by us."""
    duty = advised("riddor-lifting-equipment")

    assert (duty.legal.base_at, duty.legal.due_at) == (OCCURRED, OCCURRED + timedelta(days=10))
    assert duty.own_target is not None
    assert (duty.own_target.base_at, duty.own_target.due_at) == (KNOWN, KNOWN + timedelta(hours=24))
    assert duty.due_at == KNOWN + timedelta(hours=24)
    assert "our own target" in duty.own_target.within


def test_a_breach_of_data_has_72_hours_from_becoming_aware():
    """The clock of the law counts from when any worker first knew."""
    duty = advised("ico-breach")

    assert (duty.legal.base, duty.legal.due_at) == ("first_known", KNOWN + timedelta(hours=72))


def test_without_delay_runs_at_once_and_has_no_end():
    """No hour is made up where the law names none."""
    duty = advised("cqc16-death")

    assert (duty.legal.base_at, duty.legal.due_at, duty.running) == (KNOWN, None, True)


def test_an_unknown_start_is_unknown_and_never_zero():
    """Where nobody said when it happened there is no base and no due moment, and the follow-up is asked at once."""
    duty = advised("riddor-over-7-days", occurred_at=None)

    assert (duty.legal.base_at, duty.legal.due_at, duty.running) == (None, None, False)
    assert duty.follow_ups[0].ask_on == date(2026, 3, 2)
    held = duty_acts.answer(duty, 1, "yes", None, None, "manager", NOW)
    assert (held.status, held.legal.base_at, held.legal.due_at) == ("holds", None, None)
    told = duty_acts.answer(held, 2, "yes", None, date(2026, 2, 20), "manager", NOW)
    assert (told.legal.base_at, told.legal.due_at) == (datetime(2026, 2, 27, tzinfo=UTC), None)


def test_the_absence_of_a_worker_is_asked_on_day_8_and_counts_once_it_is_told():
    """Not back on day 8: the absence has passed seven days, and the law's 15 days count from the accident."""
    duty = advised("riddor-over-7-days")

    assert (duty.legal.base_at, duty.legal.due_at) == (None, None)
    [asked] = duty.follow_ups
    assert (asked.question, asked.ask_on) == ("Is the worker back?", date(2026, 3, 9))
    at = datetime(2026, 3, 9, 10, tzinfo=UTC)
    away = duty_acts.follow_up(duty, 1, "back-at-work", "no", None, "manager", at)
    assert (away.status, away.legal.base_at) == ("holds", datetime(2026, 3, 9, tzinfo=UTC))
    assert away.legal.due_at == OCCURRED + timedelta(days=15)
    assert (away.follow_ups[0].answer, away.follow_ups[0].answered_by_role) == ("no", "manager")
    back = duty_acts.follow_up(duty, 1, "back-at-work", "yes", None, "manager", at)
    assert (back.status, back.legal.base_at) == ("asked", None)


def test_a_clock_from_confirmation_begins_with_the_yes():
    """The outcome of an application counts from when somebody says that it is known."""
    duty = advised("cqc18-dols")
    held = duty_acts.answer(duty, 1, "yes", None, None, "manager", NOW)

    assert (duty.legal.base_at, held.legal.base_at) == (None, NOW)
    assert held.own_target is not None
    assert held.own_target.due_at == NOW + timedelta(hours=24)


def part(precision: str, band: str | None = None, at: datetime | None = OCCURRED) -> ReportPart:
    return ReportPart(
        1, False, KNOWN, "live", False, "site", occurred_at=at, occurred_precision=precision, occurred_band=band
    )


@pytest.mark.parametrize(
    ("told", "start"),
    [
        (part("minute"), OCCURRED),
        (part("day"), datetime(2026, 3, 1, tzinfo=UTC)),
        (part("band", "now"), OCCURRED),
        (part("band", "this_shift"), OCCURRED - timedelta(hours=12)),
        (part("band", "at_handover"), OCCURRED - timedelta(hours=12)),
        (part("band", "earlier"), None),
        (part("word_of_tomorrow"), None),
        (part("minute", at=None), None),
    ],
)
def test_a_clock_never_starts_later_than_the_event_can_have_happened(told, start):
    """A day starts at its midnight, a shift twelve hours back; `earlier` is unknown."""
    assert duties.earliest_occurred(told) == start


def test_a_site_with_several_councils_is_asked_which():
    """The choice brings that council's procedure; a stranger is refused; one council needs no question."""
    both = ("Northshire County Council", "Valeford City Council")
    duty = advised("safeguarding-abuse", councils=both)
    chosen = duty_acts.choose_council(duty, 1, both[1], PACKS)

    assert (duty.councils, duty.council, duty.pack) == (both, None, "safeguarding")
    assert (chosen.council, chosen.pack, chosen.legal.limit_hours) == (both[1], "council_valeford", 24)
    assert chosen.legal.due_at == KNOWN + timedelta(hours=24)
    assert len(chosen.advice) == len(duty.advice) + 1
    with pytest.raises(Invalid):
        duty_acts.choose_council(duty, 1, "Elsewhere Council", PACKS)
    with pytest.raises(Invalid):
        duty_acts.choose_council(advised("cqc16-death", councils=both), 1, both[0], PACKS)
    alone = advised("safeguarding-abuse", councils=both[:1])
    assert (alone.council, alone.pack) == (both[0], "council_northshire")
    assert advised("cqc16-death", councils=both).councils == ()


def test_the_councils_are_those_of_the_day():
    """Dated: before all versions the earliest one holds."""
    dated = ((date(2024, 1, 1), ("A",)), (date(2026, 3, 2), ("A", "B")))

    assert [councils_on(dated, day) for day in (date(2020, 1, 1), date(2026, 3, 1), date(2026, 3, 2))] == [
        ("A",),
        ("A",),
        ("A", "B"),
    ]
    assert councils_on((), date(2026, 3, 2)) == ()


def test_new_facts_move_clocks_and_keep_what_people_said():
    """An amended time of the event moves the law's end; answer, reason and version history stay."""
    duty = duty_acts.answer(advised("riddor-lifting-equipment"), 1, "yes", "The boom broke.", None, "manager", NOW)
    earlier = replace(FACTS, occurred_at=OCCURRED - timedelta(days=1))
    [derived] = duties.duties_of([Prompt(duty.rule, "why", 1)], earlier, PACKS, NOW)
    fresh = duties.refreshed(duty, derived, earlier, PACKS)

    assert (fresh.version, fresh.status, fresh.reason) == (3, "holds", "The boom broke.")
    assert fresh.legal.due_at == OCCURRED + timedelta(days=9)
    assert duties.refreshed(fresh, derived, earlier, PACKS) is fresh


@pytest.mark.parametrize(
    ("rule", "status"), [("cqc16-death", "asked"), ("riddor-over-7-days", "closed"), ("cqc18-dols", "closed")]
)
def test_a_withdrawn_report_closes_only_what_no_clock_runs_for(rule, status):
    """A running clock holds the duty open until a person answers; it opens again if the report comes back."""
    duty = advised(rule)
    gone = replace(FACTS, withdrawn=True)
    [derived] = duties.duties_of([Prompt(rule, "why", 1)], gone, PACKS, NOW)
    closed = duties.refreshed(duty, derived, gone, PACKS)

    assert (derived.status, closed.status) == (status, status)
    assert duties.refreshed(closed, derived, FACTS, PACKS).status == "asked"
    answered = duty_acts.answer(duty, 1, "dont_know", None, None, "manager", NOW)
    assert duties.refreshed(answered, derived, gone, PACKS).status == "not_known"


def test_answers_follow_the_question_and_a_no_needs_a_reason():
    """For `Has someone seen the person?` it is the no that holds; what is said to be void says why."""
    seen = advised("safeguarding-person-seen")

    assert duty_acts.answer(seen, 1, "no", None, None, "manager", NOW).status == "holds"
    with pytest.raises(Invalid, match="why this duty does not hold"):
        duty_acts.answer(seen, 1, "yes", None, None, "manager", NOW)
    void = duty_acts.answer(seen, 1, "yes", "Daughter was with her.", None, "manager", NOW)
    again = duty_acts.answer(void, 2, "dont_know", None, None, "manager", NOW)
    assert (void.status, again.status) == ("does_not_hold", "not_known")


def test_acts_that_cannot_follow_are_refused():
    """Stale versions, unknown questions, days to come, and anything after the recipient was told."""
    duty = advised("cqc16-death")
    told = duty_acts.tell(duty, 1, "Receipt in the office", NOW)

    assert (told.status, told.done_at, told.reference) == ("done", NOW, "Receipt in the office")
    with pytest.raises(Conflict, match="at version 1, not 2"):
        duty_acts.answer(duty, 2, "yes", None, None, "manager", NOW)
    with pytest.raises(Conflict, match="is done and cannot be done"):
        duty_acts.tell(told, 2, "Again", NOW)
    with pytest.raises(Invalid, match="why this duty is opened again"):
        duty_acts.answer(told, 2, "yes", None, None, "manager", NOW)
    with pytest.raises(NotFound):
        duty_acts.follow_up(duty, 1, "nothing", "yes", None, "manager", NOW)
    with pytest.raises(Invalid, match="day to come"):
        duty_acts.answer(duty, 1, "yes", None, date(2026, 3, 3), "manager", NOW)


def test_duties_are_the_same_however_often_and_in_what_order_their_rules_come_up():
    """Ids derive from report and rule; unknown rules bring nothing."""
    prompts = [Prompt("cqc16-death", "w", 1), Prompt("candour-death", "w", 1), Prompt("death.reported", "w", 1)]
    one, other = (duties.duties_of(order, FACTS, PACKS, NOW) for order in (prompts, prompts[::-1]))

    assert one == other
    assert [duty.rule for duty in one] == ["candour-death", "cqc16-death"]


def test_what_a_model_prompted_stays_and_its_labels_do_not_speak_beside_it():
    """A model with prompts has read the words; one without, and every person, speaks by labels."""
    fields = {"escalate": ["riddor"], "domains": ["equipment"]}
    with_prompts = RULEBOOK.asked(Spoken(Said("model", 1, 0, fields, "m"), (("mhra-device", "why"), ("x.y", "z"))))
    without = RULEBOOK.asked(Spoken(Said("model", 1, 0, fields, "m"), (("riddor.lifting_equipment", "old"),)))
    person = RULEBOOK.asked(Spoken(Said("human", 1, 1, {"escalate": ["death"]})))

    def rules(asked: Asked) -> set[str]:
        return {prompt.rule for prompt in RULEBOOK.prompts_of(asked, part("minute"))}

    assert rules(with_prompts) == {"mhra-device"}
    assert rules(without) == {"riddor-lifting-equipment", "mhra-device"}
    assert rules(with_prompts | person) == {"mhra-device", "cqc16-death", "candour-death"}
    assert with_prompts | person | without == without | with_prompts | person
    assert Fact("p", "s", "r").with_asked(person).with_asked(person) == Fact("p", "s", "r", asked=person)


def test_a_follow_up_is_asked_though_the_first_answer_was_no():
    """The absence that is no absence yet stays open and stands at the day of its question until a yes or no."""
    duty = duty_acts.answer(advised("riddor-over-7-days"), 1, "no", "Only just hurt.", None, "manager", NOW)
    unsure = duty_acts.follow_up(duty, 2, "back-at-work", "dont_know", None, "manager", NOW)
    back = duty_acts.follow_up(unsure, 3, "back-at-work", "yes", None, "manager", NOW)
    done = duty_acts.tell(advised("riddor-over-7-days"), 1, "F2508", NOW)

    assert (duty.status, duty.open, duty.sort_at) == ("does_not_hold", True, datetime(2026, 3, 9, tzinfo=UTC))
    assert (unsure.open, back.open, back.status) == (True, False, "does_not_hold")
    assert (done.open, done.sort_at) == (True, datetime(2026, 3, 9, tzinfo=UTC))
    assert not duty_acts.tell(advised("cqc16-death"), 1, "Ref", NOW).open


def test_a_clock_from_knowing_takes_the_day_that_a_person_names_where_that_is_earlier():
    """Somebody knew on 27 February; a later day than the report's changes nothing, nor does the day of an event."""
    knew = duty_acts.answer(advised("ico-breach"), 1, "yes", None, date(2026, 2, 27), "manager", NOW)
    late = duty_acts.answer(advised("ico-breach"), 1, "yes", None, date(2026, 3, 2), "manager", NOW + timedelta(days=1))
    event = advised("riddor-lifting-equipment", occurred_at=None)
    told = duty_acts.answer(event, 1, "yes", None, date(2026, 2, 20), "manager", NOW)

    assert knew.legal.due_at == datetime(2026, 3, 2, tzinfo=UTC)
    assert late.legal.base_at == datetime(2026, 3, 2, tzinfo=UTC) < KNOWN
    assert told.own_target is not None
    assert (told.legal.base_at, told.own_target.base_at) == (datetime(2026, 2, 20, tzinfo=UTC), KNOWN)


def test_the_first_yes_starts_the_clock_whatever_is_said_in_between():
    """Yes, don't know, yes counts from the first yes; no hides it, and a later yes brings it back."""
    first = duty_acts.answer(advised("cqc18-dols"), 1, "yes", None, None, "manager", NOW)
    unsure = duty_acts.answer(first, 2, "dont_know", None, None, "manager", NOW + timedelta(days=2))
    void = duty_acts.answer(unsure, 3, "no", "Not decided.", None, "manager", NOW + timedelta(days=3))
    again = duty_acts.answer(void, 4, "yes", None, None, "manager", NOW + timedelta(days=4))

    assert [duty.legal.base_at for duty in (first, unsure, void, again)] == [NOW, NOW, None, NOW]


def test_a_duty_that_was_done_is_opened_again_with_a_reason():
    """What was noted of the recipient is void; the duty is open and can be done anew."""
    done = duty_acts.tell(advised("cqc16-death"), 1, "Wrong form", NOW)
    again = duty_acts.answer(done, 2, "yes", "It went to the wrong body.", None, "manager", NOW)

    assert (again.status, again.open, again.done_at, again.reference) == ("holds", True, None, None)
    assert duty_acts.tell(again, 3, "Right form", NOW).status == "done"


def test_what_is_found_long_after_the_event_was_known_stands_behind_until_somebody_takes_it_up():
    """Fifteen days on it is marked and last in the list; replayed history is advised on its own day and is not."""

    def at(days: int) -> Duty:
        [duty] = duties.duties_of([Prompt("cqc16-death", "why", 1)], FACTS, PACKS, KNOWN + timedelta(days=days))
        return duty

    assert [at(days).found_later for days in (0, 14, 15)] == [False, False, True]
    assert at(15).sort_at > at(14).sort_at + timedelta(days=36_000)
    taken_up = duty_acts.answer(at(15), 1, "dont_know", None, None, "manager", NOW)
    assert taken_up.sort_at == at(0).sort_at
    assert at(15).due_at == at(0).due_at


def disrupted(**times: datetime) -> ReportPart:
    batch = Batch()
    said = report("r", KNOWN.date(), reported_at=KNOWN, occurred_at=KNOWN, disruption={"kind": "utilities", **times})
    assert add_event(said, batch) is None
    [(_, told)] = batch.reports
    return told


def test_an_outage_that_goes_on_lasted_at_least_until_it_was_told():
    """Thirty hours and no end bring the duty of the 24 hours; an end that is told outranks that."""
    began = KNOWN - timedelta(hours=30)
    on, over = disrupted(started_at=began), disrupted(started_at=began, ended_at=began + timedelta(hours=2))

    assert (on.disruption_hours, over.disruption_hours, disrupted().disruption_hours) == (30.0, 2.0, None)
    assert "cqc18-utilities" in {prompt.rule for prompt in RULEBOOK.prompts_of(Asked(), on)}
    assert RULEBOOK.prompts_of(Asked(), over) == []


def test_moments_are_kept_to_the_millisecond():
    """What the database gives back equals what is told again, so that the same report is no news."""
    batch = Batch()
    exact = KNOWN.replace(microsecond=123_456)
    assert add_event(report("r", KNOWN.date(), reported_at=exact, occurred_at=exact), batch) is None
    [(_, told)] = batch.reports

    assert {told.reported_at, told.occurred_at} == {KNOWN.replace(microsecond=123_000)}


def test_every_code_ever_given_is_remembered_beside_a_models_prompts():
    """A model's code is kept though its prompts speak for it, and asks nothing by itself."""
    said = Said("model", 1, 0, {"escalate": ["death"]}, "m")
    asked = RULEBOOK.asked(Spoken(said, (("mhra-device", "why"),)))
    person = RULEBOOK.asked(Spoken(Said("human", 1, 1, {"escalate": ["harm_occurred"]})))

    assert codes_given(Fact("p", "s", "r", asked=asked | person)) == {"death", "harm_occurred"}
    assert [prompt.rule for prompt in RULEBOOK.prompts_of(asked, part("minute"))] == ["mhra-device"]
