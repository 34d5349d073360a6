"""Settings of actions: what the runtime needs, patience of the review runs, how far routines go, ways to people."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from shared.runtime.settings import RuntimeSettings, SettingsWrong

SECRET_MIN_BYTES = 32
"""RFC 2104, section 3: a shorter key than the hash's own length is strongly discouraged; SHA-256 gives 32 bytes."""
THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


class Settings(RuntimeSettings):
    """Frozen settings; units are in the names."""

    demo: bool = False
    """Whether everybody who may act may also say when it was done: for invented history alone."""
    review_poll_s: float = Field(default=30.0, gt=0)
    """How often it is looked whether a day is over and its inputs have been read."""
    review_latest_h: float = Field(default=6.0, ge=0)
    """A day is reviewed so many hours after it was first due, read to its end or not."""
    review_lease_ms: int = Field(default=60_000, ge=1_000)
    """How long a dead process keeps a provider's reviews from the others."""
    replay_wait_s: float = Field(default=60.0, ge=0)
    """A replay waits so long for the inputs to be read to their present end, then answers 503."""
    chance_poll_s: float = Field(default=300.0, gt=0)
    """How often it is looked whether the expected number of false alarms is to be computed anew."""
    routine_poll_s: float = Field(default=60.0, gt=0)
    """How often it is looked whether a routine falls due or is missed."""
    routine_ahead_weeks: int = Field(default=6, ge=1, le=53)
    """For so many weeks the occurrences of routines are made ahead."""
    routine_lease_ms: int = Field(default=60_000, ge=1_000)
    """How long a dead process keeps a provider's routines from the others."""
    front_url: str = "http://127.0.0.1:8080"
    """Where people's browsers find the front door; links in messages begin so."""
    notify_channel: Literal["none", "file", "email", "webhook"] = "none"
    """The way to people; with none every alert is told as failed."""
    notify_poll_s: float = Field(default=1.0, gt=0)
    """How often it is looked whether a message is to be sent or passed on."""
    notify_side_by_side: int = Field(default=8, ge=1, le=64)
    """How many messages can be under way at once: one slow receiver then keeps none of the others waiting."""
    notify_claim_s: float = Field(default=60.0, ge=30)
    """For so long one process has a message to itself; a channel gives up after 20 s."""
    notify_file: Path = Path("notifications.ndjson")
    """Where the file channel writes."""
    smtp_host: str = "127.0.0.1"
    """The provider's mail server, for the channel email."""
    smtp_port: int = Field(default=587, ge=1, le=65_535)
    """Its port for submission."""
    smtp_sender: str = "near-misses@care.example"
    """The address that messages come from."""
    smtp_user: str | None = None
    """Name to sign in with; none for a server that asks for none."""
    smtp_password: SecretStr | None = None
    """Password of that name."""
    smtp_encrypted: bool = True
    """Ask for STARTTLS; off only for a test server on the same machine."""
    webhook_url: str = ""
    """Where the channel webhook posts to: a service that makes text messages or chat messages of it; https, but for
    one on the same machine."""
    webhook_secret: SecretStr = SecretStr("")
    """Shared with the receiver of the webhook, who checks X-Signature with it; 32 bytes or more."""

    def require_channel(self) -> None:
        """Refuse to serve with a way to people that anybody could listen to, or forge.

        Raises:
            SettingsWrong: what the chosen channel needs is missing or unsafe; names all of it, never a value.
        """
        wrong: list[str] = []
        if self.notify_channel == "webhook":
            url = urlsplit(self.webhook_url)
            if not url.hostname or not (url.scheme == "https" or (url.scheme == "http" and _is_here(url.hostname))):
                wrong.append("NEARMISS_WEBHOOK_URL must be an https address (http only on the same machine)")
            if len(self.webhook_secret.get_secret_value().encode()) < SECRET_MIN_BYTES:
                wrong.append(f"NEARMISS_WEBHOOK_SECRET must be {SECRET_MIN_BYTES} bytes or more, made at random")
        if self.notify_channel == "email" and not self.smtp_encrypted and not _is_here(self.smtp_host):
            wrong.append("NEARMISS_SMTP_ENCRYPTED can be off only for a mail server on the same machine")
        if wrong:
            raise SettingsWrong(f"wrong settings: {'; '.join(wrong)}. See deploy/SETTINGS.md.")


def _is_here(host: str) -> bool:
    return host in THIS_MACHINE
