"""Wrong settings: the process says which, and what to do, and does not start; it never repeats a value."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

from services.actions.settings import Settings as ActionsSettings
from services.classifier.settings import Settings as ClassifierSettings
from services.intake.settings import Settings as IntakeSettings
from services.reporting.settings import Settings as ReportingSettings
from shared.runtime.settings import RuntimeSettings, SettingsWrong, misspelt, variable_of
from shared.runtime.start_checks import mongo_fault, wrong_partitions
from shared.runtime.topic_ids import Described
from tests.support.harness import make_topic
from tests.support.intake import PRIVATE_PEM, PUBLIC_PEM

ALL = {
    "intake": IntakeSettings,
    "classifier": ClassifierSettings,
    "actions": ActionsSettings,
    "reporting": ReportingSettings,
}


def test_every_wrong_value_is_named_at_once_and_none_is_repeated(monkeypatch):
    """Who deploys mends all of them in one go, and no secret lands in a log."""
    monkeypatch.setenv("NEARMISS_BATCH_MAX_RECORDS", "manyfold")
    monkeypatch.setenv("NEARMISS_LOG_LEVEL", "LOUDLY")

    with pytest.raises(SettingsWrong) as refused:
        RuntimeSettings()
    said = str(refused.value)
    assert "NEARMISS_BATCH_MAX_RECORDS" in said
    assert "NEARMISS_LOG_LEVEL" in said
    assert "manyfold" not in said
    assert "LOUDLY" not in said


def test_a_misspelt_variable_is_not_passed_over(monkeypatch):
    """A setting that somebody believes to be in force, and is not, is refused with the one that is meant."""
    monkeypatch.setenv("NEARMISS_BATCH_MAX_RECORD", "5")

    with pytest.raises(SettingsWrong, match="NEARMISS_BATCH_MAX_RECORD is no setting; NEARMISS_BATCH_MAX_RECORDS"):
        RuntimeSettings()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "u"}, "set KAFKA_SASL_USERNAME and"),
        ({"KAFKA_SASL_USERNAME": "u", "KAFKA_SASL_PASSWORD": "hush"}, "asks for no sign-in"),
        ({"KAFKA_SSL_CAFILE": "/ca.pem"}, "asks for no encryption"),
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL input should be"),
        ({"NEARMISS_PROVIDER_TOPICS": "rowan-care,rowan care"}, "NEARMISS_PROVIDER_TOPICS"),
    ],
)
def test_a_sign_in_to_kafka_that_cannot_work_is_refused(monkeypatch, environment, said):
    """A password that would not be used, a sign-in without one, a name that no topic can bear."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsWrong, match=said) as refused:
        RuntimeSettings()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("service", ALL)
def test_variables_of_other_services_are_nobodys_misspelling(service):
    """One environment may hold the settings of all four services."""
    names = {variable_of(kind, field) for kind in ALL.values() for field in kind.model_fields}
    names |= {"NEARMISS_FRONT_URL", "NEARMISS_DEMO", "NEARMISS_KAFKA_PORT", "NEARMISS_INTAKE_PORT"}

    assert misspelt(ALL[service], names) == []


@pytest.mark.parametrize(("key", "said"), [("", "is missing"), ("x", "is no Ed25519"), (PRIVATE_PEM, "is no Ed25519")])
def test_no_service_serves_without_the_key_that_tokens_are_checked_by(key, said):
    """Every request would be refused, and nobody would know why."""
    with pytest.raises(SettingsWrong, match=f"NEARMISS_TOKEN_PUBLIC_KEY {said}"):
        RuntimeSettings(token_public_key=key).require_public_key()
    RuntimeSettings(token_public_key=PUBLIC_PEM).require_public_key()


@pytest.mark.parametrize(
    ("service", "environment", "said"),
    [
        ("intake", {"NEARMISS_TOKEN_PUBLIC_KEY": PUBLIC_PEM}, "NEARMISS_VAULT_KEK is missing"),
        ("reporting", {}, "NEARMISS_TOKEN_PUBLIC_KEY is missing"),
        ("actions", {"NEARMISS_REVIEW_POLL_S": "0"}, "NEARMISS_REVIEW_POLL_S input should be greater than 0"),
    ],
)
def test_the_process_ends_with_one_line_that_says_what_to_do(service, environment, said):
    """As the deployment runs it: exit status 1, no stack trace."""
    command = [sys.executable, "-m", "uvicorn", f"services.{service}.app:create_app", "--factory", "--port", "0"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NEARMISS_")}
    run = subprocess.run(command, env=clean | environment, capture_output=True, text=True, timeout=60, check=False)

    assert run.returncode == 1
    assert said in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize("service", ALL)
def test_every_setting_says_what_it_is(service):
    """deploy/SETTINGS.md is written from the code, so the code has to say it."""
    assert [name for name, field in ALL[service].model_fields.items() if not field.description] == []


@pytest.mark.parametrize(
    ("version", "hello", "said"),
    [
        ("6.0.5", {"setName": "rs0"}, None),
        ("8.2.0-rc1", {"setName": "rs0"}, None),
        ("5.0.31", {"setName": "rs0"}, "5.0.31 is too old: 6.0 or newer"),
        ("7.0.1", {}, "transactions need a replica set"),
    ],
)
def test_a_mongodb_that_cannot_do_what_is_needed_is_named(version, hello, said):
    """Too old, or a single server: the message says what to do."""
    fault = mongo_fault(version, hello)

    assert (fault is None) if said is None else (fault is not None and said in fault and "MONGODB_URI" in fault)


def test_topics_with_the_wrong_partitions_are_all_named():
    """Nobody mends them one start at a time."""
    topics = {topic.name: topic for topic in (make_topic("a"), make_topic("b"), make_topic("c"))}
    counts = dict(zip(topics, (12, 6, 24), strict=True))
    fault = wrong_partitions(topics, {name: Described("id", count) for name, count in counts.items()})

    assert fault is not None
    assert "has 6, not 12" in fault
    assert "has 24, not 12" in fault
    assert "shared.runtime.provision" in fault
    assert wrong_partitions(topics, {name: Described("id", 12) for name in topics}) is None


def test_an_address_with_a_password_is_not_shown():
    """Whoever prints the settings prints no secret."""
    assert "hunter2" not in repr(RuntimeSettings(mongodb_uri=SecretStr("mongodb://u:hunter2@h/?replicaSet=rs0")))
