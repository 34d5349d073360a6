"""The environment of the local stack, read in one place, and where its files lie."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).resolve().parents[2]
DEFAULT_ROOT = PROJECT / ".local"
# Downloads are shared by every root: a test's own folder must not fetch 50 MB again.
DOWNLOADS = DEFAULT_ROOT / "cache"

SERVICES = ("intake", "classifier", "actions", "reporting")

Port = int | None


def one_or_three(brokers: int) -> int:
    """Refuse another number of brokers: two could not lose one either, as two of two must agree.

    Args:
        brokers: Number of brokers.

    Returns:
        The same.

    Raises:
        ValueError: it is neither 1 nor 3.
    """
    if brokers not in (1, 3):
        raise ValueError("1 or 3 brokers: of three any one may fail, of two none")
    return brokers


class LocalSettings(BaseSettings):
    """What a person may say about the local stack: every field is an environment variable, in capitals."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    kafka_bootstrap_servers: str | None = Field(None, description="A Kafka that already runs: none is started here.")
    mongodb_uri: str | None = Field(None, description="A MongoDB replica set that already runs: none is started here.")
    nearmiss_kafka_jars: Path | None = Field(None, description="Folder of Kafka's jars, instead of Maven Central.")
    nearmiss_kafka_brokers: Annotated[int, AfterValidator(one_or_three)] = Field(
        1, description="Brokers that are started here: 1, or 3 with three copies of every topic."
    )
    nearmiss_kafka_port: Port = Field(None, ge=1, le=65535)
    nearmiss_kafka_controller_port: Port = Field(None, ge=1, le=65535)
    nearmiss_mongo_port: Port = Field(None, ge=1, le=65535)
    nearmiss_front_port: Port = Field(None, ge=1, le=65535)
    nearmiss_intake_port: Port = Field(None, ge=1, le=65535)
    nearmiss_classifier_port: Port = Field(None, ge=1, le=65535)
    nearmiss_actions_port: Port = Field(None, ge=1, le=65535)
    nearmiss_reporting_port: Port = Field(None, ge=1, le=65535)

    def named_ports(self) -> dict[str, int]:
        """List the ports that the environment fixes.

        Returns:
            Port by name: kafka, kafka_controller, mongo, front, or a service's name.
        """
        names = ("kafka", "kafka_controller", "mongo", "front", *SERVICES)
        found = {name: getattr(self, f"nearmiss_{name}_port") for name in names}
        return {name: port for name, port in found.items() if port is not None}
