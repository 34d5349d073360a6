"""Every published example, and words of tomorrow, fed to every consumer: none breaks, none counts twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pydantic import SecretStr

from services.actions import app as actions
from services.actions import settings as actions_settings
from services.classifier import app as classifier
from services.classifier import settings as classifier_settings
from services.intake import app as intake_app
from services.reporting import app as reporting
from services.reporting import settings as reporting_settings
from shared.contracts.publish import examples_of
from shared.contracts.topics import inputs_of
from shared.runtime.fenced import Tx
from shared.runtime.received import decode
from shared.runtime.runtime import Runtime
from tests.support import intake

pytestmark = pytest.mark.engines
WORDS = ("setting", "primary_domain", "status", "unit", "event_class", "origin", "reporter_role", "kind", "owner_role")


def records_for(service: str, tomorrow: bool) -> list[SimpleNamespace]:
    """All examples of a service's inputs as Kafka records; with invented types and words where asked."""
    records = []
    for topic in inputs_of(service):
        bodies = [body for event in topic.events for _, body in examples_of(topic, event)]
        if tomorrow:
            bodies = [_of_tomorrow(body) for body in bodies]
            bodies += [json.dumps({"type": "EventOfTomorrow", "event_id": "x", "provider_id": "p"}).encode()]
        for offset, body in enumerate(bodies):
            records.append(
                SimpleNamespace(topic=topic.name, partition=0, offset=offset, key=b"k", value=body, headers=())
            )
    return records


def _of_tomorrow(body: bytes) -> bytes:
    said = json.loads(body)
    said["field_of_tomorrow"] = {"a": [1]}
    for inner in [said, *(part for part in said.values() if isinstance(part, dict))]:
        for word in WORDS:
            if isinstance(inner.get(word), str):
                inner[word] = "word_of_tomorrow"
        if isinstance(inner.get("domains"), list):
            inner["domains"] = ["domain_of_tomorrow", "medication"]
    return json.dumps(said).encode()


def app_of(service: str, mongodb_uri: str, prefix: str):
    """The service's app; nothing of it connects but what the test opens."""
    common = {"mongodb_uri": SecretStr(mongodb_uri), "database_prefix": prefix, "token_public_key": intake.PUBLIC_PEM}
    makers = {
        "intake": lambda: intake_app.create_app(intake.settings(mongodb_uri, prefix)),
        "classifier": lambda: classifier.create_app(classifier_settings.Settings(**common)),
        "actions": lambda: actions.create_app(actions_settings.Settings(**common)),
        "reporting": lambda: reporting.create_app(reporting_settings.Settings(**common)),
    }
    return makers[service]()


@pytest.mark.parametrize("tomorrow", [False, True], ids=["as published", "with words of tomorrow"])
@pytest.mark.parametrize("service", ["intake", "actions", "reporting"])
async def test_a_consumer_takes_every_example_and_nothing_of_it_twice(service, tomorrow, mongodb_uri, database_prefix):
    """The second time says nothing new: no event, no row, no dead letter."""
    runtime: Runtime = app_of(service, mongodb_uri, database_prefix).state.runtime
    runtime.mongo.open()
    for job in runtime._on_open:
        await job()
    if "outbox" not in await runtime.mongo.db.list_collection_names():
        await runtime.mongo.db.create_collection("outbox")
    records = records_for(service, tomorrow)
    batch = decode({topic.name: topic for topic in inputs_of(service)}, records)

    async def apply() -> Tx:
        async def work(session):
            tx = Tx(session, runtime.mongo.db, datetime(2026, 3, 2, 12, tzinfo=UTC), service)
            await runtime._ledger._fold(batch.events, tx)
            return tx

        return await runtime.mongo.in_transaction(work)

    first = await apply()
    again = await apply()
    runtime.mongo.close()

    assert batch.undecodable == []
    assert sum(batch.skipped.values()) == (len(inputs_of(service)) if tomorrow else 0)
    assert first.rejected == []
    assert (again.rejected, again.rows) == ([], [])


@pytest.mark.parametrize("tomorrow", [False, True], ids=["as published", "with words of tomorrow"])
async def test_the_classifier_answers_every_report_example(tomorrow, mongodb_uri, database_prefix):
    """Each report state is answered with the same id whenever it is read."""
    runtime: Runtime = app_of("classifier", mongodb_uri, database_prefix).state.runtime
    records = records_for("classifier", tomorrow)
    batch = decode({topic.name: topic for topic in inputs_of("classifier")}, records)
    once, twice = (
        [json.loads(r[1])["event_id"] for _, _, r in runtime._ledger._transform(batch.events)] for _ in range(2)
    )

    assert once == twice
    assert len(once) >= 4
