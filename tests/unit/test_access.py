"""How Kafka is reached, in the words of both client libraries: nothing of it is lost between settings and clients."""

from __future__ import annotations

import pytest
from faststream.security import SASLScram512
from pydantic import SecretStr

from shared.runtime.access import KafkaAccess, options_of
from shared.runtime.kafka import make_broker
from shared.runtime.settings import RuntimeSettings

PASSWORD = "invented"


def test_several_brokers_reach_the_consumer_as_several():
    """FastStream takes a text with commas for one address, which then has no name that can be found."""
    broker = make_broker(RuntimeSettings(kafka_bootstrap_servers="a:1, b:2"), "any")

    assert broker.specification.url == ["a:1", "b:2"]


def test_addresses_alone_mean_neither_encryption_nor_sign_in():
    """As the local stack and compose run it."""
    assert options_of("a:1,b:2") == {"bootstrap_servers": "a:1,b:2", "security_protocol": "PLAINTEXT"}
    assert KafkaAccess("a:1").security() is None


@pytest.mark.parametrize(
    ("protocol", "encrypted", "signs_in"),
    [("SSL", True, False), ("SASL_SSL", True, True), ("SASL_PLAINTEXT", False, True)],
)
def test_both_libraries_are_told_the_same(protocol, encrypted, signs_in):
    """The consumer never falls back to plain text where the producer encrypts, nor the other way round."""
    given = KafkaAccess("a:1", protocol, "SCRAM-SHA-512", "me" if signs_in else "", SecretStr(PASSWORD * signs_in))
    options, security = given.options(), given.security()

    assert given.fault() is None
    assert security is not None
    assert options["security_protocol"] == protocol
    assert ("ssl_context" in options, bool(security.use_ssl)) == (encrypted, encrypted)
    assert isinstance(security, SASLScram512) == signs_in
    assert (options.get("sasl_plain_username") == "me") == signs_in
    assert (options.get("sasl_plain_password") == PASSWORD) == signs_in
    assert PASSWORD not in repr(given)
