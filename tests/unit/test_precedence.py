"""The merge of classification facts: one result for every order of arrival."""

import json

from hypothesis import given
from hypothesis import strategies as st

from shared.taxonomy.precedence import FIELDS, Fact, effective, merge, needs_review

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(["medication", "low"]),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=2),
)
FACTS = st.builds(
    Fact,
    source=st.sampled_from(["human", "model"]),
    report_revision=st.integers(1, 3),
    decision_no=st.integers(0, 2),
    fields=st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
    model_version=st.sampled_from([None, "rules-1", "rules-2"]),
)


def fold(facts):
    state = None
    for fact in facts:
        state = merge(state, fact)
    return state


def model(revision=1, decision=0, version="rules-1", **fields):
    return Fact("model", revision, decision, fields, version)


def human(revision=1, decision=1, **fields):
    return Fact("human", revision, decision, fields)


@given(st.lists(FACTS, min_size=1, max_size=6).flatmap(lambda facts: st.tuples(st.just(facts), st.permutations(facts))))
def test_every_order_of_arrival_gives_the_same_state(orders):
    """Facts merged in any order, byte for byte, give the same state."""
    facts, shuffled = orders
    assert json.dumps(fold(facts)) == json.dumps(fold(shuffled))


@given(st.lists(FACTS, min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=6))
def test_a_repeated_fact_changes_nothing(facts, repeats):
    """A fact that arrives again, at any later time, leaves the state as it was."""
    again = [facts[index % len(facts)] for index in repeats]
    assert fold(facts) == fold(facts + again)


@given(st.lists(FACTS, min_size=1, max_size=5))
def test_the_state_survives_json(facts):
    """A state read back from JSON goes on merging as the one in memory does."""
    stored = json.loads(json.dumps(fold(facts[:-1]))) if facts[:-1] else None
    assert fold(facts) == merge(stored, facts[-1])


@given(st.lists(FACTS, min_size=2, max_size=5))
def test_merge_leaves_its_input_alone(facts):
    """The state that was passed in is not changed."""
    before = fold(facts[:-1])
    copy = json.loads(json.dumps(before))
    merge(before, facts[-1])
    assert copy == before


def test_a_human_stands_over_a_later_model():
    """A model's answer to a newer revision does not replace what a person said."""
    state = fold(
        [human(1, 1, primary_domain="medication"), model(2, 5, primary_domain="equipment", domains=["equipment"])]
    )
    assert effective(state) == {"domains": ["equipment"], "primary_domain": "medication"}


def test_the_higher_revision_wins_within_one_source():
    """Between two models the one that read the later revision is right, whatever its decision number."""
    assert effective(fold([model(2, 0, potential_severity="low"), model(1, 9, potential_severity="death")])) == {
        "potential_severity": "low"
    }


def test_the_higher_decision_wins_within_one_revision():
    """Between two corrections of one revision the later decision holds."""
    assert effective(fold([human(1, 2, escalate=["police"]), human(1, 1, escalate=[])])) == {"escalate": ["police"]}


def test_a_correction_carries_only_its_fields():
    """Fields that a correction does not name keep the model's value."""
    state = fold([model(domains=["medication"], is_near_miss=True), human(is_near_miss=False)])
    assert effective(state) == {"is_near_miss": False, "domains": ["medication"]}


def test_fields_of_one_tie_come_from_one_model():
    """Two models with equal rank do not mix: all fields are the same model's."""
    one = model(version="rules-1", primary_domain="transport", domains=["transport"])
    two = model(version="rules-2", primary_domain="equipment", domains=["equipment"])
    assert effective(fold([two, one])) == {"domains": ["equipment"], "primary_domain": "equipment"}


def test_an_amendment_after_a_correction_asks_for_review():
    """A person's label from an older revision stays and is marked for review."""
    assert needs_review(fold([human(1, 1, primary_domain="medication"), model(2, primary_domain="equipment")]))


def test_no_review_when_the_person_saw_the_latest_words():
    """A person's label from the latest revision asks for nothing."""
    assert not needs_review(
        fold([model(1, is_near_miss=True), model(2, is_near_miss=True), human(2, 1, is_near_miss=True)])
    )


def test_a_model_alone_never_asks_for_review_here():
    """Without a person's label there is nothing that an amendment could outdate."""
    assert not needs_review(fold([model(1, is_near_miss=True), model(3, is_near_miss=False)]))


def test_the_state_says_whether_a_person_decided():
    """`corrected` is true from the first field that a person decided, and `latest_revision` is the highest seen."""
    state = fold([model(2, is_near_miss=True), human(1, 1, domains=["equipment"])])
    assert (state["corrected"], state["latest_revision"]) == (True, 2)


def test_a_field_of_a_newer_producer_is_left_out():
    """A field that this reader does not know is neither stored nor an error."""
    assert effective(merge(None, model(is_near_miss=True, theme="hydration"))) == {"is_near_miss": True}


def test_tuples_are_stored_as_lists():
    """A state made from tuples equals the one that a store gives back."""
    assert effective(merge(None, model(domains=("a", "b"))))["domains"] == ["a", "b"]
