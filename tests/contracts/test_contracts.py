"""What the contracts promise: examples are read by all, unknown things do no harm, schemas only grow."""

from __future__ import annotations

import copy
import json
import re
import uuid
from pathlib import Path

import jsonschema
import pytest

from shared.contracts.envelope import Event, headers_for
from shared.contracts.publish import breaks, examples_of, folder, schema_of, schema_path, topics_page
from shared.contracts.topics import PARTITIONS, SERVICES, TOPICS, Undecodable, UnknownType, group, inputs_of
from shared.kernel.ids import NAMESPACE, derived_id, event_id

EVERY = [(topic, event) for topic in TOPICS for event in topic.events]
IDS = [f"{topic.aggregate}-{event.__name__}" for topic, event in EVERY]
PAIRS = [(topic, event, name, body) for topic, event in EVERY for name, body in examples_of(topic, event)]


@pytest.mark.parametrize(("topic", "event"), EVERY, ids=IDS)
def test_every_event_has_at_least_two_examples(topic, event):
    """Who writes a consumer finds what to test it with."""
    assert len(list(examples_of(topic, event))) >= 2


@pytest.mark.parametrize(("topic", "event", "name", "body"), PAIRS, ids=[pair[2] for pair in PAIRS])
def test_an_example_is_decoded_to_its_own_event_and_keeps_its_schema(topic, event, name, body):
    """What is published as an example is what the code reads and what the schema file says."""
    decoded = topic.decode(body)

    assert type(decoded) is event
    jsonschema.validate(json.loads(body), json.loads(schema_path(topic, event).read_text()))
    jsonschema.validate(json.loads(decoded.model_dump_json()), schema_of(event))


def test_no_example_or_schema_lies_about_that_belongs_to_nothing():
    """A renamed event cannot leave its old files behind."""
    known = {(topic.name, event.__name__) for topic, event in EVERY}
    for name in ("examples", "schemas"):
        for path in folder(name).rglob("*.json"):
            assert (path.parent.name, path.name.split(".")[0]) in known, path.name


@pytest.mark.parametrize(("topic", "event"), EVERY, ids=IDS)
def test_the_frozen_schema_still_holds(topic, event):
    """A change that refuses what was accepted, or drops what was promised, needs a new major version."""
    frozen = json.loads(schema_path(topic, event).read_text())

    assert list(breaks(frozen, schema_of(event))) == []
    assert frozen == schema_of(event), "the schema grew: run make docs"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["properties"].pop("replay"), "event.replay: is gone"),
        (lambda s: s["required"].append("replay"), "event.replay: is required now"),
        (lambda s: s["properties"]["replay"].update(type="string"), "event.replay: type ['boolean'] became ['string']"),
        (lambda s: s["properties"]["event_id"].update(maxLength=5), "event.event_id: maxLength is 5 now, was 128"),
        (lambda s: s["$defs"]["Report"]["properties"].pop("text"), "event.report.text: is gone"),
        (lambda s: s["$defs"]["Report"]["required"].append("worry"), "event.report.worry: is required now"),
    ],
)
def test_the_compatibility_check_names_each_kind_of_break(change, said):
    """The check itself can fail, and says where."""
    frozen = json.loads((folder("schemas") / "nearmiss.reports.v1" / "ReportReceived.schema.json").read_text())
    today = copy.deepcopy(frozen)
    change(today)

    assert list(breaks(frozen, today)) == [said]


def test_a_new_optional_field_is_no_break():
    """Additive change passes."""
    frozen = json.loads((folder("schemas") / "nearmiss.reports.v1" / "ReportReceived.schema.json").read_text())
    today = copy.deepcopy(frozen)
    today["properties"]["new_one"] = {"type": "string", "default": ""}

    assert list(breaks(frozen, today)) == []


@pytest.mark.parametrize(("topic", "event", "name", "body"), PAIRS, ids=[pair[2] for pair in PAIRS])
def test_unknown_fields_and_words_are_tolerated_and_unknown_types_are_told_apart(topic, event, name, body):
    """Consumers deployed today read what producers say tomorrow."""
    said = json.loads(body)
    said["brand_new_field"] = {"a": 1}
    for inner in said.values():
        if isinstance(inner, dict):
            inner["another_new_field"] = [1]
            for word in ("setting", "primary_domain", "status", "origin", "unit", "event_class", "visibility"):
                if isinstance(inner.get(word), str):
                    inner[word] = "a_word_of_tomorrow"
    if "domain" in said:
        said["domain"] = "a_domain_of_tomorrow"

    assert type(topic.decode(json.dumps(said).encode())) is event
    with pytest.raises(UnknownType):
        topic.decode(json.dumps(said | {"type": "EventOfTomorrow"}).encode())


def test_a_body_that_breaks_the_contract_is_named_without_its_values():
    """The reason goes into a dead letter's header, so it must not carry what someone wrote."""
    reports = next(topic for topic in TOPICS if topic.aggregate == "reports")

    with pytest.raises(Undecodable) as refused:
        reports.decode(b'{"type":"ReportReceived","report":{"text":"secret words","worry":"secret"}}')
    assert "secret" not in str(refused.value)
    assert "report.worry" in str(refused.value)


@pytest.mark.parametrize(
    "fields", [{"domains": 7}, {"domains": "medication"}, {"is_near_miss": "yes"}, {"escalate": [1]}]
)
def test_a_label_of_the_wrong_shape_is_a_dead_letter_and_one_of_tomorrow_is_not(fields):
    """What no reader could count must not reach one; a new label or word is passed over by who does not know it."""
    topic = next(topic for topic in TOPICS if topic.aggregate == "classifications")
    event = next(event for event in topic.events if event.__name__ == "ClassificationCorrected")
    said = json.loads(next(body for _, body in examples_of(topic, event)))

    said["correction"]["fields"] = {"label_of_tomorrow": {"a": 1}, "domains": ["domain_of_tomorrow"]}
    assert isinstance(topic.decode(json.dumps(said).encode()), event)
    said["correction"]["fields"] = fields
    with pytest.raises(Undecodable, match=r"correction\.fields"):
        topic.decode(json.dumps(said).encode())


def test_derived_ids_are_uuid5_and_tell_types_apart():
    """Computed by hand for speed, equal to the library's; two events of one cause have two ids."""
    for name in ("", "a", "ReportReceived|x|1|", "é|ü" * 50):
        assert derived_id(name) == str(uuid.uuid5(NAMESPACE, name))
    assert event_id("ReportReceived", "r", 1) != event_id("ReportAmended", "r", 1)
    assert event_id("ReportClassified", "r", 1, "rules-1") != event_id("ReportClassified", "r", 1, "rules-2")


@pytest.mark.parametrize("topic", TOPICS, ids=[topic.aggregate for topic in TOPICS])
def test_a_topic_row_keeps_the_rules_of_the_registry(topic):
    """Names are derived, partitions fixed, producers do not read their own topic, a purpose is given."""
    assert re.fullmatch(r"nearmiss\.[a-z]+\.v\d+", topic.name)
    assert topic.partitions == PARTITIONS
    assert topic.producer not in topic.consumers
    assert topic.purpose.endswith(".")
    for service in topic.consumers:
        assert topic.dead_letter(service) == f"{topic.name}.{service}.dlq"
    for event in topic.events:
        assert issubclass(event, Event)
        assert event.__doc__


def test_groups_and_inputs_follow_from_the_registry():
    """No service needs to type a name."""
    assert [group(service) for service in SERVICES] == [f"nearmiss.{service}" for service in SERVICES]
    assert [topic.aggregate for topic in inputs_of("intake")] == ["classifications", "actions"]
    assert {topic.aggregate for topic in inputs_of("reporting")} == {t.aggregate for t in TOPICS} - {"views"}


def test_the_generated_page_of_topics_is_fresh():
    """TOPICS.md says what the registry says."""
    page = Path(__file__).resolve().parents[2] / "TOPICS.md"

    assert page.read_text() == topics_page(), "run make docs"


def test_headers_are_cloudevents_in_binary_mode():
    """A CloudEvents reader finds the required attributes."""
    topic, _, _, body = PAIRS[0]
    headers = dict(headers_for(topic.decode(body), topic.producer))

    assert headers["ce_specversion"] == b"1.0"
    assert {"ce_id", "ce_type", "ce_source", "ce_subject", "ce_time", "content-type"} <= set(headers)


def test_no_example_holds_an_address_or_number_that_could_be_real():
    """Examples are invented: no e-mail but example.*, no phone number at all."""
    for path in folder("examples").rglob("*.json"):
        text = path.read_text()
        assert not re.search(r"[\w.]+@(?!example\.)[\w.]+", text), path.name
        assert not re.search(r"\b0\d{9,10}\b", text), path.name
