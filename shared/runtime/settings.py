"""Settings that every service has; each service's own class extends this one."""

from __future__ import annotations

import difflib
import os
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.topics import own_views
from shared.runtime.access import KafkaAccess, Mechanism, Protocol

PREFIX = "NEARMISS_"
ALIKE = 0.92
"""From this likeness on (difflib) an unknown variable is taken for a misspelt one: no two real names are so alike."""


class SettingsWrong(SystemExit):
    """Settings cannot be used; the message names every variable and what to do, never a value."""


class RuntimeSettings(BaseSettings):
    """Frozen settings, read from the environment when the app is built; units are in the names."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        env_ignore_empty=True,  # compose hands an unset variable on as an empty one
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    """host:port of one or more brokers, with commas."""
    kafka_security_protocol: Protocol = Field(default="PLAINTEXT", validation_alias="KAFKA_SECURITY_PROTOCOL")
    """With or without encryption (SSL) and sign-in (SASL)."""
    kafka_sasl_mechanism: Mechanism = Field(default="SCRAM-SHA-512", validation_alias="KAFKA_SASL_MECHANISM")
    """How the password is proved to Kafka."""
    kafka_sasl_username: str = Field(default="", validation_alias="KAFKA_SASL_USERNAME")
    """This service's user at Kafka; python -m shared.runtime.acls says what each may do."""
    kafka_sasl_password: SecretStr = Field(default=SecretStr(""), validation_alias="KAFKA_SASL_PASSWORD")
    """Its password."""
    kafka_ssl_cafile: str = Field(default="", validation_alias="KAFKA_SSL_CAFILE")
    """Certificates to trust (PEM); empty: the system's."""
    mongodb_uri: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0"), validation_alias="MONGODB_URI"
    )
    """Connection string of a replica set; it may hold a password."""
    database_prefix: str = "nearmiss_"
    """The service's name is put behind it: each service has a database of its own."""
    root_path: str = ""
    """The prefix that the front door strips before it hands a request to this service."""
    token_public_key: str = ""
    """Ed25519 public key (PEM) of the tokens that intake makes; without it no service starts."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Lowest level that is logged."""

    otlp_endpoint: str = Field(default="", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Base address of a collector that takes traces by OTLP over HTTP; empty: nothing is traced. How much is traced
    is OpenTelemetry's own OTEL_TRACES_SAMPLER."""

    engines_wait_s: float = 60.0
    """How long start-up waits for Kafka and MongoDB before it exits and says which did not answer."""
    batch_max_records: int = 500
    """500 is enough: above it only the pauses grow."""
    batch_timeout_ms: int = 10
    """An idle poll is followed by a sleep of the same length, so this is latency."""
    session_timeout_ms: int = 10_000
    """After a kill -9 the dead member's partitions wait so long; far above the longest batch."""
    retry_backoff_min_s: float = 0.1
    """First pause before a batch is read again; it doubles from try to try."""
    retry_backoff_max_s: float = 10.0
    """Longest of these pauses."""
    graceful_timeout_s: float = 20.0
    """A batch in flight is finished and committed within this; relay and producer may take
    5 s more each, and after 40 s a stop becomes a kill."""
    provider_topics: str = ""
    """Ids of providers, with commas, that get a views topic of their own; the same for provisioning and reporting."""
    topic_replication: int = 1
    """Replication factor of topics that provisioning makes; 3 in production."""
    dead_letters_in_a_row_max: int = 20
    """So many unreadable records in a row stop the consumer: a bad release must not empty a safety log."""
    parked_sites_max: int = 20
    """With more sites held by bugs than this the consumer halts: then the release is broken, not a record."""
    outbox_batch_rows: int = 500
    """Events that the relay sends in one round."""
    outbox_lease_ms: int = 5_000
    """After so long without a sign a dead relay's outbox goes to another process."""
    outbox_depth_max: int = 200_000
    """Above so many unsent rows new reports get 503: Kafka has been away for long."""
    body_max_bytes: int = 1_000_000
    """Longest body of a request; imports stream and have limits of their own."""
    stalled_after_s: float = 60.0
    """No progress for so long although records wait makes /health/live fail."""

    def __init__(self, **given: Any) -> None:
        """Read the environment.

        Args:
            given: Fields that stand over the environment.

        Raises:
            SettingsWrong: a value cannot be used, or a variable's name is misspelt; names all of them.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            wrong = [f"{variable_of(type(self), str(f['loc'][0]))} {f['msg'].lower()}" for f in error.errors()]
            raise SettingsWrong(f"wrong settings: {'; '.join(wrong)}. See deploy/SETTINGS.md.") from None
        if fault := self.kafka.fault():
            raise SettingsWrong(f"wrong settings: {fault}. See deploy/SETTINGS.md.")
        try:
            for provider in self.providers_with_topics:
                own_views(provider)
        except ValueError as error:
            raise SettingsWrong(f"wrong settings: NEARMISS_PROVIDER_TOPICS: {error}.") from None
        if wrong := misspelt(type(self), os.environ):  # noqa: TID251 - this is where settings are read
            raise SettingsWrong(f"unknown settings: {'; '.join(wrong)}. See deploy/SETTINGS.md.")

    @property
    def kafka(self) -> KafkaAccess:
        """Return how Kafka is reached."""
        return KafkaAccess(
            self.kafka_bootstrap_servers,
            self.kafka_security_protocol,
            self.kafka_sasl_mechanism,
            self.kafka_sasl_username,
            self.kafka_sasl_password,
            self.kafka_ssl_cafile,
        )

    @property
    def providers_with_topics(self) -> tuple[str, ...]:
        """Return the providers that get a views topic of their own."""
        return tuple(filter(None, (word.strip() for word in self.provider_topics.split(","))))

    def require_public_key(self) -> None:
        """Refuse to serve without the key that tokens are checked by.

        Raises:
            SettingsWrong: it is missing, or no Ed25519 public key in PEM.
        """
        if not self.token_public_key.strip():
            raise SettingsWrong(
                "NEARMISS_TOKEN_PUBLIC_KEY is missing: nobody could sign in. It is the public half of intake's "
                "NEARMISS_TOKEN_PRIVATE_KEY; deploy/README.md says how to make both."
            )
        try:
            found = load_pem_public_key(self.token_public_key.encode())
        except ValueError:
            found = None
        if not isinstance(found, Ed25519PublicKey):
            raise SettingsWrong("NEARMISS_TOKEN_PUBLIC_KEY is no Ed25519 public key in PEM; see deploy/README.md")


def variable_of(settings: type[BaseSettings], field: str) -> str:
    """Return the environment variable of a field.

    Args:
        settings: The class.
        field: A field's name, or its alias as errors give it.
    """
    found = settings.model_fields.get(field)
    if found is None:
        return field
    alias = found.validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


def misspelt(settings: type[BaseSettings], environment: Any) -> list[str]:
    """Name variables that are nearly, but not, a setting: such a one would be passed over silently.

    Args:
        settings: The service's class.
        environment: Names and values.

    Returns:
        One sentence each; a variable of another service is not meant and not named.
    """
    known = [variable_of(settings, field) for field in settings.model_fields]
    found = []
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            meant = difflib.get_close_matches(name, known, 1, ALIKE)
            if meant:
                found.append(f"{name} is no setting; {meant[0]} is meant?")
    return found
