"""A model that changes over time: generations, shadow, reclassification, and the set of what people decided."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.shadow import COMPARED, Tally
from services.classifier.domain.version import generation_of
from services.classifier.ports import LogChunk, Told
from services.classifier.usecases.reclassify import Tally as Done
from services.classifier.usecases.reclassify import Wish, reclassify
from services.classifier.usecases.review_set import review_set
from services.classifier.usecases.shadow import Shadowing
from shared.kernel.errors import Unavailable
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.precedence import Fact, effective, merge

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return Classifier(load_taxonomy())


@pytest.mark.parametrize(("version", "generation"), [("rules-1", 1), ("linear-2+0a1b2c3d", 2), ("linear-12+ff", 12)])
def test_a_models_generation_stands_in_its_version(version, generation):
    """The number behind the kind."""
    assert generation_of(version) == generation


@pytest.mark.parametrize("version", ["", "rules", "rules-x", "2", "linear-2+", "Linear-2"])
def test_a_version_written_otherwise_is_refused(version):
    """A model without a generation could not be put in order with another."""
    with pytest.raises(ValueError, match="model version"):
        generation_of(version)


@pytest.mark.parametrize("first_is_old", [True, False])
def test_a_later_generation_is_believed_whichever_arrives_first_and_a_person_before_both(first_is_old):
    """Reclassification may overtake the service or come behind it."""
    old = Fact("model", 1, 1, {"domains": ["handover"], "potential_severity": "low"}, "rules-1")
    new = Fact("model", 1, 2, {"domains": ["medication"], "potential_severity": "severe"}, "linear-2+0a")
    human = Fact("human", 1, 1, {"potential_severity": "moderate"})
    state = None
    for fact in [old, human, new] if first_is_old else [new, human, old]:
        state = merge(state, fact)

    assert effective(state) == {"domains": ["medication"], "potential_severity": "moderate"}


def test_a_comparison_counts_fields_as_sets_and_who_asks_for_an_escalation(classifier):
    """The order of domains is no disagreement; an escalation that one alone asks for is told apart."""
    live = classifier.classify("Wrong tablets in the pot, noticed before she took them.", "residential")
    turned = replace(live, domains=live.domains[::-1], escalate=("safeguarding",), model_version="linear-2+0a")
    tally = Tally(live.model_version, turned.model_version, date(2026, 3, 2))
    tally.add(live, turned)

    assert tally.compared == 1
    assert {name for name in COMPARED if not tally.agreed[name]} == {"escalate"}
    assert tally.escalations == Counter(only_shadow=1)


class Store:
    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.kept: list[Tally] = []

    async def add(self, tallies):
        if self.broken:
            raise Unavailable("away")
        self.kept += tallies


async def test_counts_that_could_not_be_kept_wait_and_nothing_is_counted_twice(classifier):
    """A database that is away for a moment costs no comparison."""
    shadowing, store = Shadowing(classifier), Store(broken=True)
    text = "Wrong tablets in the pot, noticed before she took them."
    live = classifier.classify(text, "residential")
    shadowing.read([Asked(text, "residential")], [live], NOON)
    with pytest.raises(Unavailable):
        await shadowing.keep(store)
    shadowing.read([Asked(text, "residential")], [live], NOON)
    store.broken = False
    await shadowing.keep(store)
    await shadowing.keep(store)

    assert [(kept.compared, kept.day) for kept in store.kept] == [(2, date(2026, 3, 2))]


def told(number: int, text: str = "words", revision: int = 1) -> Told:
    return Told("p", "s", f"r{number}", revision, text, "nursing", event=number)


class Log:
    def __init__(self, *chunks: list[Told], withdrawn=()) -> None:
        self._chunks = chunks
        self.withdrawn = withdrawn

    async def reports(self, since, provider_id):
        for number, chunk in enumerate(self._chunks, 1):
            yield LogChunk(chunk, self.withdrawn, 1, number, len(self._chunks))


class Publisher:
    def __init__(self) -> None:
        self.published: list[Told] = []

    async def publish(self, reports):
        self.published += reports


async def test_reclassifying_publishes_each_state_of_the_log_once_and_counts(classifier):
    """What was read, what was published, what could not be read."""
    out, seen = Publisher(), []
    done = await reclassify(Log([told(1), told(2)], [], [told(3)]), out, Wish(), lambda tally: seen.append(tally.read))

    assert [said.report_id for said in out.published] == ["r1", "r2", "r3"]
    assert done == Done(read=3, total=3, reclassified=3, unreadable=3)
    assert seen == [1, 2, 3]


async def test_a_dry_run_only_counts():
    """The number is known before anything is said."""
    out = Publisher()
    done = await reclassify(Log([told(1)]), out, Wish(dry_run=True), lambda _: None)

    assert (done.reclassified, out.published) == (1, [])


class Corrections:
    async def every_report(self, provider_id):
        first = {"report_revision": 1, "decision_no": 1, "fields": {"domains": ["handover"], "escalate": ["police"]}}
        second = {"report_revision": 1, "decision_no": 2, "fields": {"domains": ["records_data"]}}
        yield ("p", "s", "r2"), [first, second]
        yield ("p", "s", "r9"), [first]


async def test_the_review_set_joins_the_last_decisions_with_the_newest_words_and_leaves_out_what_is_gone():
    """Only the labels that a person decided; a report that the log no longer holds leaves the set."""
    log = Log([told(1), told(2, "newer", 2)], [told(2, "older", 1)])

    assert await review_set(Corrections(), log, None) == [
        {"id": "r2", "text": "newer", "setting": "nursing", "escalate": ["police"], "domains": ["records_data"]}
    ]


async def test_a_withdrawn_report_leaves_the_review_set():
    """Whatever was decided of it, and however long the log still holds it."""
    assert await review_set(Corrections(), Log([told(2)], withdrawn=[("p", "s", "r2")]), None) == []


async def test_a_model_in_shadow_that_breaks_is_counted_and_stops_nothing(classifier):
    """The model that speaks has answered already."""

    class Broken:
        version = "linear-9+ff"

        def classify_many(self, asked):
            raise ZeroDivisionError

    text = "Wrong tablets in the pot, noticed before she took them."
    shadowing, store = Shadowing(Broken()), Store()
    shadowing.read([Asked(text, "residential")], [classifier.classify(text, "residential")], NOON)
    await shadowing.keep(store)

    assert [(kept.shadow, kept.compared, kept.errors) for kept in store.kept] == [
        ("linear-9+ff", 0, Counter(ZeroDivisionError=1))
    ]
