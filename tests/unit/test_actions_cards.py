"""Cards and messages as pure rules: what is one, what becomes of it, whom it wakes, who holds a role at a moment."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.actions.domain.facts import Fact, ReportPart
from services.actions.domain.oversight import cards, notices, told
from services.actions.domain.oversight.holders import Holder, Hours, RoleHolders, candidates, there_at
from shared.kernel.errors import Conflict, Invalid
from shared.taxonomy.precedence import Fact as Said
from tests.support.oversight import OVERSIGHT

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
RULES = OVERSIGHT.on(NOW.date())
PART = ReportPart(1, False, NOW, "live", False, "site", received_at=NOW)


def fact(part: ReportPart | None = PART, **labels: object) -> Fact:
    """A report with labels that a person gave."""
    made = Fact("p", "s", "r1", part)
    return made.with_labels(Said("human", 1, 1, labels)) if labels else made


DEADLY = {"potential_severity": "death", "how_caught": ["double_check"], "domains": ["medication"]}
LUCKY = {"potential_severity": "severe", "how_caught": ["luck"]}


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (DEADLY, "potential_death"),
        (LUCKY, "severe_by_luck"),
        ({"potential_severity": "severe", "how_caught": ["double_check"]}, None),
        ({"potential_severity": "moderate", "how_caught": ["luck"]}, None),
        ({}, None),
    ],
)
def test_one_report_is_enough_where_it_could_have_killed(labels, why):
    """Potential death alone, or severe and caught by luck; nothing less."""
    assert cards.reason_for(fact(**labels), RULES.card) == why


def test_what_does_not_count_is_no_card():
    """Withdrawn and imported reports raise none, whatever their labels."""
    for part in (replace(PART, withdrawn=True), replace(PART, origin="backfill"), None):
        assert cards.followed(None, fact(part, **DEADLY), RULES, NOW) is None


def test_a_card_follows_its_report_and_the_same_again_changes_nothing():
    """Raised, brought up to date, ended by a correction, and back when the label is back."""
    card = cards.followed(None, fact(**LUCKY), RULES, NOW)
    assert card is not None
    assert (card.version, card.status, card.why, card.for_roles) == (
        1,
        "open",
        "severe_by_luck",
        ("manager", "group_lead"),
    )
    assert cards.followed(card, fact(**LUCKY), RULES, NOW + timedelta(hours=1)) is card
    worse = cards.followed(card, fact(**DEADLY), RULES, NOW)
    assert worse is not None
    assert (worse.version, worse.why, worse.raised_at) == (2, "potential_death", NOW)
    ended = cards.followed(worse, fact(potential_severity="low"), RULES, NOW)
    assert ended is not None
    assert (ended.version, ended.status, ended.ended) == (3, "cleared", "no_longer")
    back = cards.followed(ended, fact(**DEADLY), RULES, NOW)
    assert back is not None
    assert (back.version, back.status, back.ended) == (4, "open", None)


def test_a_withdrawal_ends_a_card_and_says_so():
    """A withdrawn report is no lesson; its card ends with that word."""
    card = cards.followed(None, fact(**DEADLY), RULES, NOW)
    ended = cards.followed(card, fact(replace(PART, revision=2, withdrawn=True), **DEADLY), RULES, NOW)

    assert ended is not None
    assert (ended.status, ended.ended) == ("cleared", "withdrawn")


def test_what_somebody_recorded_stands_unless_the_report_turns_out_worse():
    """A later amendment does not wipe what stands in the way; a worse reading asks again."""
    card = cards.followed(None, fact(**LUCKY), RULES, NOW)
    assert card is not None
    cleared = cards.clear(card, 1, "Two people check.", None, "manager", NOW)
    assert cards.followed(cleared, fact(replace(PART, revision=2), **LUCKY), RULES, NOW) is cleared
    assert cards.followed(cleared, fact(potential_severity="low"), RULES, NOW) is cleared
    again = cards.followed(cleared, fact(**DEADLY), RULES, NOW)
    assert again is not None
    assert (again.status, again.version, again.in_the_way) == ("open", 3, None)


def test_a_held_report_hides_its_card_and_a_release_never_shows_what_was_typed_meanwhile():
    """Hiding is followed at once; words typed while it was held stay hidden."""
    card = cards.followed(None, fact(replace(PART, visibility="held"), **DEADLY), RULES, NOW)
    assert card is not None
    assert card.for_roles == ("safeguarding_lead", "group_lead")
    shown = cards.followed(card, fact(replace(PART, revision=2), **DEADLY), RULES, NOW)
    assert shown is not None
    assert shown.visibility == "site"
    cleared = cards.clear(card, 1, "The manager was suspended.", None, "safeguarding", NOW)
    assert cards.followed(cleared, fact(replace(PART, revision=2), **DEADLY), RULES, NOW) is cleared
    open_card = cards.clear(shown, 2, "A lock.", None, "manager", NOW)
    hidden = cards.followed(open_card, fact(replace(PART, revision=3, visibility="held"), **DEADLY), RULES, NOW)
    assert hidden is not None
    assert hidden.visibility == "held"


def test_the_order_in_which_news_comes_does_not_matter():
    """Report, label, amendment and withdrawal in any order end in the same card."""
    parts = [PART, replace(PART, revision=2), replace(PART, revision=3, withdrawn=True)]
    ends = set()
    for order in itertools.permutations([*parts, Said("human", 1, 1, DEADLY), Said("model", 1, 0, LUCKY, "m")]):
        known, card = Fact("p", "s", "r1"), None
        for news in order:
            known = known.with_report(news) if isinstance(news, ReportPart) else known.with_labels(news)
            card = cards.followed(card, known, RULES, NOW)
        ends.add(card and (card.status, card.ended))
    assert ends <= {None, ("cleared", "withdrawn")}


def test_a_stale_or_second_clearing_is_refused():
    """Two people who clear one card do not overwrite each other."""
    card = cards.followed(None, fact(**DEADLY), RULES, NOW)
    assert card is not None
    with pytest.raises(Conflict, match="version 1"):
        cards.clear(card, 2, "x", None, "manager", NOW)
    with pytest.raises(Conflict):
        cards.clear(cards.clear(card, 1, "x", None, "manager", NOW), 2, "y", None, "manager", NOW)


@pytest.mark.parametrize(
    ("labels", "worry", "about"),
    [
        ({"escalate": ["police"]}, None, "escalation"),
        ({"escalate": ["harm_occurred"]}, None, None),
        ({"escalate": ["harm_occurred"], "potential_severity": "death"}, None, "card"),
        ({"potential_severity": "severe", "how_caught": ["luck"]}, None, None),
        ({}, 4, "worry"),
        ({}, 3, None),
        ({"escalate": ["safeguarding"], "potential_severity": "death"}, 4, "escalation"),
    ],
)
def test_who_is_woken_at_once_and_for_what(labels, worry, about):
    """Escalations other than harm, potential death and the highest worry; the most serious reason once."""
    new, settled = notices.alerts_for(fact(replace(PART, worry=worry), **labels), [], RULES.alert, NOW)

    assert (new.about if new else None) == about
    assert settled == []


def test_a_worry_waits_for_the_labels_and_gives_way_to_what_is_more_serious():
    """One report wakes one person once where labels follow within seconds."""
    worried = replace(PART, worry=4)
    first, _ = notices.alerts_for(fact(worried), [], RULES.alert, NOW)
    assert first is not None
    assert first.next_at == NOW + timedelta(seconds=RULES.alert.settle_s)
    second, settled = notices.alerts_for(fact(worried, escalate=["death"]), [first], RULES.alert, NOW)
    assert second is not None
    assert second.about == "escalation"
    assert second.next_at == NOW
    assert [(old.notification_id, old.status) for old in settled] == [(first.notification_id, "settled")]
    known = [second, *settled]
    assert notices.alerts_for(fact(worried, escalate=["death"]), known, RULES.alert, NOW) == (None, [])


@pytest.mark.parametrize(
    "part",
    [
        replace(PART, replay=True),
        replace(PART, origin="backfill"),
        replace(PART, withdrawn=True),
        replace(PART, received_at=NOW - timedelta(days=8)),
    ],
    ids=["replay", "backfill", "withdrawn", "labels that change on an old report"],
)
def test_history_wakes_nobody(part):
    """What was loaded, withdrawn or is long past sends no alert."""
    assert notices.alerts_for(fact(part, escalate=["death"]), [], RULES.alert, NOW) == (None, [])


def test_a_held_report_wakes_the_safeguarding_lead_and_never_its_site():
    """Even where the site was woken before it was held; a release wakes nobody a second time."""
    label = {"escalate": ["safeguarding"]}
    site, _ = notices.alerts_for(fact(**label), [], RULES.alert, NOW)
    assert site is not None
    held_part = replace(PART, revision=2, visibility="held")
    held, settled = notices.alerts_for(fact(held_part, **label), [site], RULES.alert, NOW)
    assert held is not None
    assert (held.role, held.visibility) == ("safeguarding_lead", "held")
    assert [old.status for old in settled] == ["settled"]
    following = notices.following(held, RULES.alert, NOW)
    assert following is not None
    assert following.role == "group_on_call"
    released = fact(replace(PART, revision=3), **label)
    assert notices.alerts_for(released, [held, *settled], RULES.alert, NOW) == (None, [])


def test_a_try_that_fails_is_repeated_with_growing_pauses_and_then_counts_as_failed():
    """What cannot work is not tried again."""
    new, _ = notices.alerts_for(fact(escalate=["death"]), [], RULES.alert, NOW)
    assert new is not None
    waits = []
    state = new
    for attempt in range(1, RULES.alert.attempts + 1):
        state = notices.tried(replace(state, attempts=attempt), "email", "away", RULES.alert, NOW, again=True)
        waits.append(None if state.next_at is None else (state.next_at - NOW).total_seconds())
    assert waits == [5, 10, 20, None]
    assert state.status == "failed"
    assert notices.tried(replace(new, attempts=1), "x", "refused", RULES.alert, NOW, again=False).status == "failed"


def test_only_what_was_sent_can_be_acknowledged_and_twice_is_once():
    """An acknowledgement of something that waits would hide that nobody was asked."""
    new, _ = notices.alerts_for(fact(escalate=["death"]), [], RULES.alert, NOW)
    assert new is not None
    with pytest.raises(Conflict, match="waiting"):
        notices.acknowledged(new, "manager", NOW)
    seen = notices.acknowledged(notices.sent(new, "file", ("u1",), False, RULES.alert, NOW), "manager", NOW)
    assert notices.acknowledged(seen, "deputy", NOW) is seen


@pytest.mark.parametrize(
    ("local", "there"),
    [("2026-11-20T21:59", False), ("2026-11-20T22:00", True), ("2026-11-21T05:59", True), ("2026-11-21T06:00", False)],
)
def test_hours_on_call_run_over_midnight_in_english_time(local, there):
    """Friday 22:00 to 06:00 ends on Saturday morning."""
    held = RoleHolders(
        "p", "s", "on_call", 1, "a@care.example", (Holder("u", on_call=(Hours(("fri",), "22:00", "06:00"),)),)
    )

    assert bool(there_at(held, datetime.fromisoformat(local + "+00:00"))) is there


def test_who_is_away_holds_no_role_and_a_site_falls_back_to_its_group():
    """Both days of a leave are included; an open end lasts."""
    away = RoleHolders("p", "s", "manager", 1, "a@care.example", (Holder("u", date(2026, 11, 20), None), Holder("v")))
    assert there_at(away, NOW) == ("v",)
    assert there_at(replace(away, holders=(Holder("u", None, date(2026, 11, 19)),)), NOW) == ("u",)
    assert candidates("s", "deputy") == [("s", "deputy"), (None, "deputy"), (None, "on_call"), (None, "group_lead")]
    assert candidates("s", "group_on_call") == [(None, "on_call"), (None, "group_lead")]


def test_it_is_asked_whether_somebody_was_told_but_not_where_that_is_part_of_an_enquiry():
    """Harm, death and a missing person ask; safeguarding does not, since telling the wrong person can do harm."""
    asked = told.asked(None, fact(escalate=["harm_occurred"]), RULES)
    assert asked is not None
    assert (asked.status, asked.due_at) == ("due", NOW + timedelta(days=10))
    assert told.asked(None, fact(escalate=["safeguarding"]), RULES) is None
    assert told.asked(asked, fact(escalate=["harm_occurred"]), RULES) is asked
    gone = told.asked(asked, fact(replace(PART, revision=2, withdrawn=True), escalate=["harm_occurred"]), RULES)
    assert gone is not None
    assert gone.status == "not_needed"


def test_telling_needs_whom_and_when_and_not_telling_needs_a_reason():
    """Half an entry is refused with the field that is missing."""
    asked = told.asked(None, fact(escalate=["harm_occurred"]), RULES)
    assert asked is not None
    with pytest.raises(Invalid, match="who was told"):
        told.noted(asked, 1, "told", "family", None, None, "manager")
    with pytest.raises(Invalid, match="why not"):
        told.noted(asked, 1, "not_yet", None, None, None, "manager")
    with pytest.raises(Conflict):
        told.noted(asked, 2, "told", "family", NOW, None, "manager")
    assert told.noted(asked, 1, "told", "family", NOW, None, "manager").told_by_role == "manager"
