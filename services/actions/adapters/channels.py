"""Ways to people: e-mail, a signed webhook for text messages or chat, and a local file for the demo."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import aiosmtplib
import httpx

from services.actions.ports.oversight import ChannelFailed, Message

TIMEOUT_S = 20.0
"""For a whole try, not for each step of it: a slow receiver must not outlive the claim on its message."""
GOODBYE_S = 2.0
PERMANENT = 500
"""SMTP answers from here on say that the same message can never be taken (RFC 5321, section 4.2.1)."""
SERVER_ERROR = 500
TOO_MANY, TIMED_OUT = 429, 408


class NoChannel:
    """Stands where none is set up: every message fails, which the log of events then shows."""

    name = "none"

    async def send(self, message: Message) -> None:
        """Refuse a message."""
        del message
        raise ChannelFailed("no_channel", again=False)


class FileChannel:
    """Appends each message to a local file as a line of JSON.

    Args:
        path: The file.
        now: The source of now.
    """

    name = "file"

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now

    async def send(self, message: Message) -> None:
        """Write a message down."""
        line = json.dumps({"at": self._now().isoformat(), **asdict(message)}, default=list) + "\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError:
            raise ChannelFailed("file_not_writable", again=True) from None

    def _append(self, line: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)


@dataclass(frozen=True)
class Mailbox:
    """Where e-mail is handed over.

    Attributes:
        host: The provider's mail server.
        port: Its port.
        sender: The address that messages come from.
        user: Name to sign in with; None for a server that asks for none.
        password: The password.
        encrypted: Whether the server must offer STARTTLS; only a local test server may go without.
    """

    host: str
    port: int
    sender: str
    user: str | None = None
    password: str | None = None
    encrypted: bool = True


class EmailChannel:
    """Sends e-mail; every try of a message has the same Message-ID, so that a server can drop a second one.

    Args:
        mailbox: Where to.
        now: The source of now.
        timeout_s: Seconds that a whole try may take.
    """

    name = "email"

    def __init__(self, mailbox: Mailbox, now: Callable[[], datetime], timeout_s: float = TIMEOUT_S) -> None:
        self._mailbox = mailbox
        self._now = now
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> None:
        """Hand a message to the mail server."""
        box = self._mailbox
        mail = EmailMessage()
        mail["From"] = box.sender
        mail["To"] = ", ".join(message.addresses)
        mail["Date"] = format_datetime(self._now())  # RFC 5322, section 3.6: every message has one
        mail["Subject"] = message.subject
        mail["Message-ID"] = f"<{message.notification_id}@{box.sender.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.body)
        try:
            await self._hand_over(mail)
        except aiosmtplib.SMTPRecipientsRefused as error:
            # A server that does not know the sender yet says 450 to every recipient and takes the next try.
            later = any(one.code < PERMANENT for one in error.recipients)
            raise ChannelFailed("recipients_refused", again=later) from None
        except aiosmtplib.SMTPResponseException as error:
            raise ChannelFailed("mail_server_refused", again=error.code < PERMANENT) from None
        except (aiosmtplib.SMTPException, OSError):
            raise ChannelFailed("mail_server_away", again=True) from None

    async def _hand_over(self, mail: EmailMessage) -> None:
        box = self._mailbox
        client = aiosmtplib.SMTP(
            hostname=box.host, port=box.port, username=box.user, password=box.password,
            start_tls=True if box.encrypted else None, timeout=self._timeout_s,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._timeout_s):
                await client.connect()
                await client.send_message(mail)
            with suppress(aiosmtplib.SMTPException):  # the server has the message, however it says goodbye
                await client.quit(timeout=GOODBYE_S)
        finally:
            client.close()


class WebhookChannel:
    """Posts each message as JSON to an address that makes a text message or chat message of it.

    The body is signed: `X-Signature: t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>">`, so that a receiver can tell
    it from a forged or an old one; `Idempotency-Key` is the same for every try.

    Args:
        url: Where to; https unless it is this machine.
        secret: Shared with the receiver.
        now: The source of now.
        timeout_s: Seconds that a whole try may take.
    """

    name = "webhook"

    def __init__(
        self,
        url: str,
        secret: bytes,
        now: Callable[[], datetime],
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._url = url
        self._secret = secret
        self._now = now
        self._timeout_s = timeout_s

    async def send(self, message: Message) -> None:
        """Post a message."""
        body = json.dumps(asdict(message), default=list).encode()
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": message.notification_id,
            "X-Signature": signature(self._secret, int(self._now().timestamp()), body),
        }
        try:
            async with asyncio.timeout(self._timeout_s), httpx.AsyncClient(timeout=self._timeout_s) as client:
                answer = await client.post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, TimeoutError):
            raise ChannelFailed("webhook_away", again=True) from None
        if answer.status_code >= SERVER_ERROR or answer.status_code in (TOO_MANY, TIMED_OUT):
            raise ChannelFailed("webhook_failed", again=True)
        if not answer.is_success:
            raise ChannelFailed("webhook_refused", again=False)


def signature(secret: bytes, at_s: int, body: bytes) -> str:
    """Return the value of X-Signature.

    Args:
        secret: Shared with the receiver.
        at_s: Seconds since 1970.
        body: The bytes that are sent.
    """
    digest = hmac.new(secret, f"{at_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"
