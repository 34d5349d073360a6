"""Decisions on a report's escalation: who may remove one, what a removal says nothing of, and what stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.actions.domain import escalations
from services.actions.domain.escalations import Deciding, Escalated
from shared.kernel.errors import Conflict, Forbidden

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REPORT = Escalated("p", "s", "r", "safeguarding", "site")


def by(subject: str = "a", outside: bool = False) -> Deciding:
    return Deciding(subject, "manager", outside, "The bruise was seen before admission.", NOW)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("death", "removal_proposed"),
        ("police", "removal_proposed"),
        ("safeguarding", "removal_proposed"),
        ("missing_person", "removal_proposed"),
        ("riddor", "removed"),
        ("harm_occurred", "removed"),
    ],
)
def test_four_codes_are_never_removed_by_one_person(code, status):
    """Death, police, safeguarding and missing person wait for a second reader."""
    decision = escalations.remove(replace(REPORT, code=code), None, 0, by())

    assert (decision.status, decision.second_reader_asked) == (status, status == "removal_proposed")
    assert escalations.applies(decision, replace(REPORT, code=code)) == (status == "removed")


def test_the_second_reader_is_another_person_outside_the_site():
    """Who proposed it may not agree to it, nor anybody whose reach is this site alone."""
    proposed = escalations.remove(REPORT, None, 0, by("a"))

    for reader in (by("a", outside=True), by("b", outside=False)):
        with pytest.raises(Forbidden):
            escalations.second_reading(REPORT, proposed, 1, True, reader)
    agreed = escalations.second_reading(REPORT, proposed, 1, True, by("b", outside=True))
    refused = escalations.second_reading(REPORT, proposed, 1, False, by("b", outside=True))
    assert (agreed.status, agreed.version, refused.status) == ("removed", 2, "upheld")


def test_a_decision_says_nothing_of_another_code():
    """What was removed as harm is escalated again once the label says death."""
    removed = escalations.remove(replace(REPORT, code="harm_occurred"), None, 0, by())
    graver = replace(REPORT, code="death")

    assert not escalations.applies(removed, graver)
    assert escalations.remove(graver, removed, 1, by()).status == "removal_proposed"
    proposed = escalations.remove(REPORT, None, 0, by("a"))
    with pytest.raises(Conflict):
        escalations.second_reading(graver, proposed, 1, True, by("b", outside=True))


def test_decisions_that_cannot_follow_are_refused():
    """Stale versions, nothing to decide, twice the same; a removal can be taken back."""
    proposed = escalations.remove(REPORT, None, 0, by())

    for call in (
        lambda: escalations.remove(REPORT, proposed, 0, by()),
        lambda: escalations.remove(REPORT, proposed, 1, by()),
        lambda: escalations.remove(replace(REPORT, code=None), None, 0, by()),
        lambda: escalations.second_reading(REPORT, None, 0, True, by("b", outside=True)),
    ):
        with pytest.raises(Conflict):
            call()
    assert escalations.uphold(REPORT, proposed, 1, by()).status == "upheld"


def removed(code: str = "harm_occurred", **changes) -> escalations.Decision:
    return escalations.remove(replace(REPORT, code=code, **changes), None, 0, by("a"))


@pytest.mark.parametrize("code", sorted(escalations.SECOND_READER_CODES))
def test_a_code_that_was_ever_given_takes_a_second_reader_whatever_the_label_says_now(code):
    """A correction to a lighter code does not let one person remove what two must; nor does one after the removal."""
    graver_once = replace(REPORT, code="harm_occurred", given=frozenset({code, "harm_occurred"}))
    alone = removed()

    assert escalations.remove(graver_once, None, 0, by()).status == "removal_proposed"
    assert not escalations.applies(alone, graver_once)
    assert escalations.remove(graver_once, alone, 1, by()).status == "removal_proposed"


def test_a_removal_says_nothing_of_what_was_amended_later():
    """It holds for the revision that was read; an amended report counts again and may be removed again."""
    decision, amended = removed(revision=2), replace(REPORT, code="harm_occurred", revision=3)

    assert decision.report_revision == 2
    assert escalations.applies(decision, replace(amended, revision=2))
    assert (escalations.applies(decision, amended), escalations.needs_review(amended, decision)) == (False, True)
    assert escalations.remove(amended, decision, 1, by()).report_revision == 3
    assert escalations.applies(replace(decision, report_revision=None), amended)
    with pytest.raises(Conflict, match="read revision 3"):
        escalations.remove(amended, decision, 1, replace(by(), read_revision=2))
    proposed = escalations.remove(REPORT, None, 0, by("a"))
    with pytest.raises(Conflict, match="propose it again"):
        escalations.second_reading(replace(REPORT, revision=2), proposed, 1, True, by("b", outside=True))


@pytest.mark.parametrize(
    ("label", "holds"), [(None, "safeguarding"), ("harm_occurred", "safeguarding"), ("death", "death")]
)
def test_what_was_upheld_holds_when_the_model_changes_its_mind(label, holds):
    """The upheld code or a graver one stands, somebody is asked to look, and removing it still takes two."""
    upheld = escalations.uphold(REPORT, None, 0, by())
    now = replace(REPORT, code=label)

    assert (escalations.standing(now, upheld), escalations.needs_review(now, upheld)) == (holds, True)
    proposed = escalations.remove(now, upheld, 1, by())
    assert (proposed.status, proposed.code) == ("removal_proposed", holds)
    assert escalations.standing(replace(REPORT, code=None), proposed) == holds
    assert not escalations.needs_review(REPORT, upheld)
