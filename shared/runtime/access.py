"""How Kafka is reached: addresses, encryption and sign-in, in the words of each client library."""

from __future__ import annotations

from dataclasses import dataclass, field
from ssl import SSLContext, create_default_context
from typing import Any, Literal

from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512
from pydantic import SecretStr

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"]
_SASL: dict[str, type[SASLPlaintext | SASLScram256 | SASLScram512]] = {
    "SCRAM-SHA-512": SASLScram512,
    "SCRAM-SHA-256": SASLScram256,
    "PLAIN": SASLPlaintext,
}


@dataclass(frozen=True)
class KafkaAccess:
    """Where Kafka is and who we are there.

    Attributes:
        bootstrap_servers: host:port, several with commas.
        protocol: With or without encryption (SSL) and sign-in (SASL).
        mechanism: How the password is proved.
        username: With SASL alone.
        password: With SASL alone.
        ca_file: Certificates to trust (PEM); empty: those of the system.
    """

    bootstrap_servers: str
    protocol: Protocol = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = field(default_factory=lambda: SecretStr(""))
    ca_file: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol.endswith("SSL")

    @property
    def signs_in(self) -> bool:
        """Whether a name and a password are shown."""
        return self.protocol.startswith("SASL")

    def options(self) -> dict[str, Any]:
        """Return the arguments of aiokafka's clients.

        Raises:
            OSError: the certificates cannot be read.
        """
        found: dict[str, Any] = {"bootstrap_servers": self.bootstrap_servers, "security_protocol": self.protocol}
        if self.encrypted:
            found["ssl_context"] = self._trusted()
        if self.signs_in:
            found |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return found

    def security(self) -> BaseSecurity | None:
        """Return the same for FastStream; None where there is neither encryption nor sign-in.

        Raises:
            OSError: the certificates cannot be read.
        """
        trusted = self._trusted() if self.encrypted else None
        if self.signs_in:
            kind = _SASL[self.mechanism]
            password = self.password.get_secret_value()
            return kind(self.username, password, ssl_context=trusted, use_ssl=self.encrypted)
        return BaseSecurity(ssl_context=trusted, use_ssl=True) if self.encrypted else None

    def fault(self) -> str | None:
        """Say what does not fit together; None where all is well. No value is repeated."""
        named = bool(self.username), bool(self.password.get_secret_value())
        if self.signs_in and not all(named):
            return "KAFKA_SECURITY_PROTOCOL asks for a sign-in: set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"
        if not self.signs_in and any(named):
            return "KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD is set, but KAFKA_SECURITY_PROTOCOL asks for no sign-in"
        if self.ca_file and not self.encrypted:
            return "KAFKA_SSL_CAFILE is set, but KAFKA_SECURITY_PROTOCOL asks for no encryption"
        return None

    def _trusted(self) -> SSLContext:
        return create_default_context(cafile=self.ca_file or None)


Kafka = str | KafkaAccess
"""Addresses alone stand for a Kafka that asks for neither encryption nor sign-in."""


def options_of(kafka: Kafka) -> dict[str, Any]:
    """Return the arguments of aiokafka's clients for either form.

    Args:
        kafka: host:port, or with how to sign in.
    """
    return (KafkaAccess(kafka) if isinstance(kafka, str) else kafka).options()
