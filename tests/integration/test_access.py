"""A Kafka that encrypts and asks who is there: each service does its own work, a provider reads its own topic alone."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import (
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.error import KafkaError as ConfluentError
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from deploy.local import jars, kafka
from deploy.local.ports import LOCALHOST, Ports
from deploy.local.settings import DOWNLOADS
from deploy.local.supervisor import Program, Supervisor
from shared.contracts.topics import EXPOSURE, REPORTS, VIEWS, inputs_of, own_views
from shared.runtime.access import KafkaAccess
from shared.runtime.acls import desired_grants, grant_all, user_of, user_of_provider
from shared.runtime.engines import EngineAway, wait_for_kafka
from shared.runtime.kafka import Producer
from shared.runtime.provision import provision_topics
from shared.runtime.settings import RuntimeSettings
from tests.support.harness import Counting, effects, event, eventually, lane_of, member, record_of, settings

pytestmark = pytest.mark.engines
PROVIDERS = ("rowan-care", "other-care")
ADMIN = "admin"
USERS = (ADMIN, *(user_of(name) for name in ("intake", "actions", "reporting")), *map(user_of_provider, PROVIDERS))


def password_of(user: str) -> str:
    return f"invented-{user}"


class Guarded(NamedTuple):
    """A broker's address, and the file of who vouches for it."""

    address: str
    ca_file: str


def vouched_for(folder: Path) -> tuple[str, Path]:
    """Make a key with a certificate that vouches for itself: as PEM for the broker, and as a file for its clients."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented broker")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOCALHOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = certificate.public_bytes(Encoding.PEM)
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(public)
    return (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + public).decode(), ca_file


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    """A broker with TLS, SCRAM users and an authorizer that allows nothing by itself; topics and grants are made."""
    root = tmp_path_factory.mktemp("guarded")
    ports, supervisor = Ports(root / "ports.json", {}), Supervisor(root / "logs")
    node = kafka.Node("kafka", 1, ports.port("kafka"), ports.port("kafka_controller"))
    classes = jars.class_path(DOWNLOADS)
    (root / "kafka").mkdir()
    keys, ca_file = vouched_for(root)
    (root / "broker.pem").write_text(keys)
    properties = root / "kafka" / "server.properties"
    own = kafka.server_properties(root / "kafka" / "data", node, [node]) | {
        "listeners": f"CLIENT://{LOCALHOST}:{node.port},INTERNAL://{LOCALHOST}:{ports.port('internal')},"
        f"CONTROLLER://{LOCALHOST}:{node.controller_port}",
        "advertised.listeners": f"CLIENT://{LOCALHOST}:{node.port},INTERNAL://{LOCALHOST}:{ports.port('internal')},"
        f"CONTROLLER://{LOCALHOST}:{node.controller_port}",
        "listener.security.protocol.map": "CLIENT:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
        "listener.name.client.ssl.keystore.type": "PEM",
        "listener.name.client.ssl.keystore.location": str(root / "broker.pem"),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.client.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram."
        "ScramLoginModule required;",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": f"User:{ADMIN};User:ANONYMOUS",
    }
    properties.write_text("".join(f"{name}={value}\n" for name, value in own.items()))
    scram = [f"SCRAM-SHA-512=[name={user},password={password_of(user)}]" for user in USERS]
    command = [str(kafka.java()), "-cp", classes, "kafka.tools.StorageTool", "format", "--standalone", "-c"]
    command += [str(properties), "--cluster-id=MkU3OEVBNTcwNTJENDM2Qk"]
    for user in scram:
        command += ["--add-scram", user]
    subprocess.run(command, check=True, capture_output=True)
    java = (str(kafka.java()), "-Xmx384m", "-XX:+UseSerialGC", "-cp", classes, "kafka.Kafka", str(properties))
    supervisor.start(Program("kafka", java, dict(os.environ), root / "kafka"))
    address = Guarded(f"{LOCALHOST}:{node.port}", str(ca_file))
    try:
        await wait_for_kafka(access(address, ADMIN), 60)
        await provision_topics(access(address, ADMIN), providers=PROVIDERS)
        await grant_all(access(address, ADMIN), desired_grants(PROVIDERS))
        await eventually(partial(_in_force, address, len(desired_grants(PROVIDERS))), what="the grants in force")
        yield address
    finally:
        supervisor.stop_all()


async def _in_force(broker: Guarded, number: int) -> bool:
    """Kafka's controller takes grants at once; its brokers follow."""
    admin = AdminClient(login(broker, ADMIN))
    everything = AclBindingFilter(
        *(ResourceType.ANY, None, ResourcePatternType.ANY, None, None, AclOperation.ANY, AclPermissionType.ANY)
    )
    return len(admin.describe_acls(everything).result(20)) == number


def access(broker: Guarded, user: str, password: str | None = None) -> KafkaAccess:
    secret = SecretStr(password or password_of(user))
    return KafkaAccess(broker.address, "SASL_SSL", "SCRAM-SHA-512", user, secret, broker.ca_file)


def signed_in(broker: Guarded, user: str) -> dict[str, Any]:
    return {
        "kafka_bootstrap_servers": broker.address,
        "kafka_security_protocol": "SASL_SSL",
        "kafka_ssl_cafile": broker.ca_file,
        "kafka_sasl_username": user,
        "kafka_sasl_password": SecretStr(password_of(user)),
    }


def reader(broker: Guarded, user: str, group: str) -> Consumer:
    """A BI tool's consumer, of a library that shares no code with ours."""
    return Consumer(login(broker, user) | {"group.id": group, "auto.offset.reset": "earliest"})


def login(broker: Guarded, user: str) -> dict[str, str]:
    return {
        "bootstrap.servers": broker.address,
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": broker.ca_file,
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": user,
        "sasl.password": password_of(user),
    }


async def test_a_service_signs_in_sends_and_consumes(guarded, mongodb_uri, database_prefix):
    """Intake's producer and actions' group work with what the registry grants them, fences and topic ids included."""
    said = event(f"site-{uuid.uuid4().hex}", 1)
    sender = Producer(RuntimeSettings(**signed_in(guarded, user_of("intake"))), "intake")
    options = settings(guarded.address, mongodb_uri, database_prefix, **signed_in(guarded, user_of("actions")))
    async with member(options, [EXPOSURE], Counting()) as runtime:
        await sender.send({lane_of(EXPOSURE, said): [record_of(EXPOSURE, said)]})
        await eventually(lambda: _one(runtime), what="the event's effect")
    await sender.stop()


async def _one(runtime) -> bool:
    return dict(await effects(runtime)) == {1: 1}


@pytest.mark.parametrize("topic", [EXPOSURE, VIEWS, own_views("rowan-care")], ids=lambda topic: topic.name)
async def test_a_service_cannot_write_what_is_not_its_own(guarded, topic):
    """A bug in actions, or its stolen password, can put nothing on another producer's topic."""
    sender = Producer(RuntimeSettings(**signed_in(guarded, user_of("actions"))), "actions")
    with pytest.raises((TopicAuthorizationFailedError, KafkaError, TimeoutError)):
        await sender.send({(topic.name, 0): [(b"k", b"{}", [])]}, within_s=10)
    await sender.stop()


async def test_a_provider_reads_its_own_topic_in_its_own_groups(guarded):
    """What reporting sends there arrives, in any group whose name begins with the provider's id."""
    own = own_views("rowan-care")
    sender = Producer(RuntimeSettings(**signed_in(guarded, user_of("reporting"))), "reporting")
    await sender.send({(own.name, 3): [(b"row", b'{"invented": true}', [])]})
    await sender.stop()
    consumer = reader(guarded, user_of_provider("rowan-care"), "rowan-care.bi")
    consumer.subscribe([own.name])
    record = consumer.poll(30.0)
    assert record is not None
    assert (record.error(), record.value()) == (None, b'{"invented": true}')
    consumer.commit(record, asynchronous=False)
    consumer.close()


@pytest.mark.parametrize(
    "name", [VIEWS.name, REPORTS.name, own_views("other-care").name, REPORTS.dead_letter("reporting")]
)
async def test_a_provider_reads_nothing_else(guarded, name):
    """Not the operator's topics, not another provider's: Kafka does not list them, and refuses who knows the name."""
    consumer = reader(guarded, user_of_provider("rowan-care"), "rowan-care.bi")
    assert name not in consumer.list_topics(timeout=20).topics
    refused = consumer.list_topics(name, timeout=20).topics[name].error
    assert refused is not None
    assert refused.code() == ConfluentError.TOPIC_AUTHORIZATION_FAILED
    with pytest.raises(KafkaException):
        consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=10)
    consumer.close()


async def test_a_provider_cannot_join_a_group_of_ours(guarded):
    """Joining reporting's group would take partitions away from it."""
    consumer = reader(guarded, user_of_provider("rowan-care"), "nearmiss.reporting")
    consumer.subscribe([own_views("rowan-care").name])
    refused = consumer.poll(30.0)
    assert refused is not None
    assert (error := refused.error()) is not None
    assert error.code() == ConfluentError.GROUP_AUTHORIZATION_FAILED
    consumer.close()


async def test_a_refused_sign_in_is_said(guarded):
    """The start ends in time, and the message names the settings and not the password."""
    with pytest.raises(EngineAway, match="KAFKA_SASL_USERNAME, KAFKA_SASL_PASSWORD") as ended:
        await wait_for_kafka(access(guarded, user_of("intake"), "wrong-password"), 1)
    assert "wrong-password" not in str(ended.value)


async def test_a_broker_that_nobody_vouches_for_is_not_spoken_to(guarded):
    """Without the file of who vouches for the broker the start ends in time: no password goes to a stranger."""
    stranger = KafkaAccess(guarded.address, "SASL_SSL", "SCRAM-SHA-512", ADMIN, SecretStr(password_of(ADMIN)))
    with pytest.raises(EngineAway, match="KAFKA_SSL_CAFILE"):
        await wait_for_kafka(stranger, 1)


def test_grants_follow_the_registry():
    """Each topic is written by its producer alone; whoever consumes it may read it; nobody may alter anything."""
    grants = desired_grants(PROVIDERS)
    assert len(grants) == len(set(grants))
    assert {grant.operation for grant in grants} == {"read", "write", "describe"}
    for topic in (EXPOSURE, REPORTS, VIEWS):
        writers = {grant.user for grant in grants if (grant.name, grant.operation) == (topic.name, "write")}
        assert writers == {user_of(topic.producer)}
    readers = {(grant.user, grant.name) for grant in grants if (grant.resource, grant.operation) == ("topic", "read")}
    for service in ("intake", "classifier", "actions", "reporting"):
        assert {(user_of(service), topic.name) for topic in inputs_of(service)} <= readers
    of_provider = {grant.name for grant in grants if grant.user == user_of_provider("rowan-care")}
    assert of_provider == {own_views("rowan-care").name, "rowan-care."}
