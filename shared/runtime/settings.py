"""Settings that every service has; each service's own class extends this one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class RuntimeSettings(BaseSettings):
    """Frozen settings, read from the environment when the app is built; units are in the names."""

    model_config = SettingsConfigDict(env_prefix="NEARMISS_", frozen=True, extra="ignore", populate_by_name=True)

    kafka_bootstrap_servers: str = Field(default="127.0.0.1:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    mongodb_uri: SecretStr = Field(
        default=SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0"), validation_alias="MONGODB_URI"
    )
    database_prefix: str = "nearmiss_"
    """The service's name is put behind it: each service has a database of its own."""
    root_path: str = ""
    """The prefix that the front door strips before it hands a request to this service."""
    token_public_key: str = ""
    """Ed25519 public key (PEM) of the tokens that intake makes; without it every request is refused."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    engines_wait_s: float = 60.0
    """How long start-up waits for Kafka and MongoDB before it exits and says which did not answer."""
    batch_max_records: int = 500
    """500 is enough: above it only the pauses grow."""
    batch_timeout_ms: int = 10
    """An idle poll is followed by a sleep of the same length, so this is latency."""
    session_timeout_ms: int = 10_000
    """After a kill -9 the dead member's partitions wait so long; far above the longest batch."""
    retry_backoff_min_s: float = 0.1
    retry_backoff_max_s: float = 10.0
    graceful_timeout_s: float = 20.0
    """A batch in flight is finished and committed within this; below the 25 s after which a stop becomes a kill."""
    topic_replication: int = 1
    """Replication factor of topics that provisioning makes; 3 in production."""
    dead_letters_in_a_row_max: int = 20
    """So many unreadable records in a row stop the consumer: a bad release must not empty a safety log."""
    outbox_batch_rows: int = 500
    outbox_lease_ms: int = 5_000
    outbox_depth_max: int = 200_000
    """Above so many unsent rows new reports get 503: Kafka has been away for long."""
    body_max_bytes: int = 1_000_000
    stalled_after_s: float = 60.0
    """No progress for so long although records wait makes /health/live fail."""
