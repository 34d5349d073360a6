"""The contracts as a product: what other teams' tools read of them is valid, complete, and only grows."""

from __future__ import annotations

import copy
import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from openapi_spec_validator import validate
from pydantic import ValidationError

from services.actions import app as actions
from services.actions import settings as actions_settings
from services.classifier import app as classifier
from services.classifier import settings as classifier_settings
from services.intake import app as intake_app
from services.reporting import app as reporting
from services.reporting import settings as reporting_settings
from shared.contracts import asyncapi, releases
from shared.contracts.envelope import headers_for
from shared.contracts.publish import examples_of, folder
from shared.contracts.topics import SERVICES, TOPICS, group
from tests.support import intake

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # fields of the model are named "schema", which pydantic remarks on
    from asyncapi3.models.asyncapi import AsyncAPI3

FILE = folder("schemas").parent / "asyncapi.json"
PUBLISHED = json.loads(FILE.read_text())


def app_of(service: str):
    """A service's app; nothing connects."""
    makers = {
        "intake": lambda: intake_app.create_app(intake.settings("mongodb://127.0.0.1:9/", "x_")),
        "classifier": lambda: classifier.create_app(classifier_settings.Settings(token_public_key=intake.PUBLIC_PEM)),
        "actions": lambda: actions.create_app(actions_settings.Settings(token_public_key=intake.PUBLIC_PEM)),
        "reporting": lambda: reporting.create_app(reporting_settings.Settings(token_public_key=intake.PUBLIC_PEM)),
    }
    return makers[service]()


@pytest.mark.parametrize("service", SERVICES)
def test_the_http_api_is_valid_openapi_and_says_what_each_operation_is(service):
    """A tool of another team reads it: valid by the specification, unique ids, a summary for each operation."""
    document = app_of(service).openapi()

    validate(document)
    operations = [
        operation
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in ("get", "post", "put", "patch", "delete")
    ]
    names = [operation["operationId"] for operation in operations]
    assert operations
    assert len(set(names)) == len(names)
    assert all(operation.get("summary") for operation in operations)


def test_asyncapi_is_fresh():
    """The document says what the registry says."""
    assert FILE.read_text() == asyncapi.text(), "run python -m shared.contracts (make docs)"


def test_asyncapi_keeps_the_specification():
    """Held against an independent model of AsyncAPI 3 that forbids what it does not know."""
    AsyncAPI3.model_validate(PUBLISHED)
    for breach in (
        lambda d: d["operations"]["intake-sends-reports"].update(action="shout"),
        lambda d: d["channels"]["reports-v1"].update(adress="x"),
        lambda d: d.pop("info"),
    ):
        broken = copy.deepcopy(PUBLISHED)
        breach(broken)
        with pytest.raises(ValidationError):
            AsyncAPI3.model_validate(broken)


def test_every_reference_of_asyncapi_leads_somewhere():
    """Inside the document, or to a schema or example file beside it."""
    references = list(_references(PUBLISHED))
    references += [
        example for message in PUBLISHED["components"]["messages"].values() for example in message["x-examples"]
    ]

    assert references
    for reference in references:
        if reference.startswith("#/"):
            part: Any = PUBLISHED
            for name in reference[2:].split("/"):
                part = part[name]
        else:
            assert (FILE.parent / reference).is_file(), reference


def _references(part: Any):
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from _references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _references(inner)


def test_asyncapi_names_every_topic_event_sender_and_reader():
    """Nothing is left out: who builds on it sees all of the log, with partitions and consumer groups."""
    for topic in TOPICS:
        channel = PUBLISHED["channels"][f"{topic.aggregate}-v{topic.major}"]
        assert channel["address"] == topic.name
        assert channel["bindings"]["kafka"]["partitions"] == topic.partitions
        assert set(channel["messages"]) == {event.__name__ for event in topic.events}
        assert PUBLISHED["operations"][f"{topic.producer}-sends-{topic.aggregate}"]["action"] == "send"
        for service in topic.consumers:
            reads = PUBLISHED["operations"][f"{service}-reads-{topic.aggregate}"]
            assert reads["bindings"]["kafka"]["groupId"]["enum"] == [group(service)]


@pytest.mark.parametrize("topic", [topic for topic in TOPICS if topic.events], ids=lambda topic: topic.aggregate)
def test_the_official_cloudevents_sdk_reads_what_we_send(topic):
    """Binary mode as the Kafka binding has it: attributes from the headers, the body as data."""
    for event in topic.events:
        for _, body in examples_of(topic, event):
            said = topic.decode(body)
            headers = dict(headers_for(said, topic.producer))
            read = from_binary(KafkaMessage(headers, topic.key(said), said.model_dump_json().encode()), JSONFormat())

            assert read.get_specversion() == "1.0"
            assert read.get_id() == said.event_id
            assert read.get_type() == said.type
            assert read.get_source() == f"/nearmiss/{topic.producer}"
            assert read.get_subject() == said.subject()
            assert read.get_time() == said.recorded_at
            assert topic.decode(json.dumps(read.get_data()).encode()) == said


def test_today_keeps_every_promise_of_every_release():
    """The gate: events, fields and types that were released are there, and accept what they accepted."""
    assert list(releases.broken_promises()) == []
    assert [version for version, _ in releases.released()], "nothing was ever released"


@pytest.fixture
def own_releases(monkeypatch, tmp_path) -> Path:
    """A folder of releases that a test may spoil, with one release of today in it."""
    monkeypatch.setattr(releases, "folder", lambda _: tmp_path)
    releases.release("1.0.0")
    return tmp_path


def test_the_gate_names_what_a_change_would_break(own_releases, monkeypatch):
    """An event that is gone and a field that is required now are each named, with the release that promised them."""
    today = releases._today()
    gone, tightened, *_ = today
    del today[gone]
    today[tightened]["required"] = [*today[tightened].get("required", ()), "brand_new"]
    monkeypatch.setattr(releases, "_today", lambda: today)

    found = list(releases.broken_promises())
    assert f"{gone} of 1.0.0 is gone" in found
    assert any(said.startswith(f"{tightened} of 1.0.0") and "is required now" in said for said in found)
    with pytest.raises(ValueError, match="would break what was released"):
        releases.release("1.1.0")


def test_a_release_is_never_written_anew_nor_changed(own_releases):
    """A promise that can be edited is none."""
    with pytest.raises(ValueError, match="was released before"):
        releases.release("1.0.0")
    file = own_releases / "1.0.0.json"
    file.write_text(file.read_text() + "\n")
    with pytest.raises(ValueError, match="was changed after its release"):
        list(releases.released())
