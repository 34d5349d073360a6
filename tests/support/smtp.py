"""A mail server as a test needs it: as much of RFC 5321, STARTTLS and AUTH PLAIN as a client of submission speaks."""

from __future__ import annotations

import asyncio
import base64
import binascii
import email
import email.policy
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LOCALHOST = "127.0.0.1"


@dataclass(frozen=True)
class Mail:
    """A message as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage
    encrypted: bool
    user: str | None


@dataclass
class MailServer:
    """What a server offers, what it refuses, and what it has seen.

    Attributes:
        certificate: PEM file of key and certificate; None: STARTTLS is not offered.
        account: Name and password that must be signed in with; None: nobody need.
        refusals: Answers to give instead of taking a command, each once, by the command's word; the one to DATA comes
            after the message.
        pause_s: Before each answer.
        commands: All lines of clients but messages, in order.
        mails: What was taken.
    """

    certificate: Path | None = None
    account: tuple[str, str] | None = None
    refusals: dict[str, list[str]] = field(default_factory=dict)
    pause_s: float = 0.0
    commands: list[str] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    port: int = 0

    @property
    def words(self) -> list[str]:
        """The commands' first words."""
        return [line.split(" ")[0].upper() for line in self.commands]

    def refusal(self, word: str) -> str | None:
        """Take the next answer that refuses a command."""
        waiting = self.refusals.get(word)
        return waiting.pop(0) if waiting else None


class _Talk:
    """One connection."""

    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._encrypted = False
        self._user: str | None = None
        self._sender = ""
        self._recipients: list[str] = []
        self._does: dict[str, Callable[[str], Awaitable[str]]] = {
            "EHLO": self._ehlo, "STARTTLS": self._starttls, "AUTH": self._auth, "MAIL": self._mail,
            "RCPT": self._rcpt, "DATA": self._data,
        }  # fmt: skip

    async def run(self) -> None:
        """Answer until the client goes."""
        await self._say("220 test ESMTP")
        while line := (await self._reader.readline()).decode().rstrip("\r\n"):
            self._server.commands.append(line)
            word, _, rest = line.partition(" ")
            word = word.upper()
            if word == "QUIT":
                await self._say("221 bye")
                return
            refused = None if word == "DATA" else self._server.refusal(word)
            does = self._does.get(word)
            answer = refused or (await does(rest) if does else "500 unknown command")
            if answer:
                await self._say(answer)

    async def _say(self, answer: str) -> None:
        await asyncio.sleep(self._server.pause_s)
        self._writer.write(f"{answer}\r\n".encode())
        await self._writer.drain()

    async def _ehlo(self, rest: str) -> str:
        del rest
        offers = ["test"]
        if self._server.certificate and not self._encrypted:
            offers.append("STARTTLS")
        if self._server.account:
            offers.append("AUTH PLAIN")
        return "\r\n".join([f"250-{one}" for one in offers[:-1]] + [f"250 {offers[-1]}"])

    async def _starttls(self, rest: str) -> str:
        del rest
        if self._server.certificate is None:
            return "502 not here"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._server.certificate)
        await self._say("220 go ahead")
        await self._writer.start_tls(context)
        self._encrypted = True
        return ""

    async def _auth(self, rest: str) -> str:
        try:
            _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
        except (binascii.Error, ValueError):
            return "501 not to be read"
        if (user, password) != self._server.account:
            return "535 no such name and password"
        self._user = user
        return "235 welcome"

    async def _mail(self, rest: str) -> str:
        if self._server.account and self._user is None:
            return "530 sign in first"
        self._sender, self._recipients = _path(rest), []
        return "250 ok"

    async def _rcpt(self, rest: str) -> str:
        self._recipients.append(_path(rest))
        return "250 ok"

    async def _data(self, rest: str) -> str:
        del rest
        if not self._recipients:
            return "503 for whom"
        await self._say("354 end with a dot")
        raw = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3].replace(b"\r\n..", b"\r\n.")
        if refused := self._server.refusal("DATA"):
            return refused
        message = email.message_from_bytes(raw, policy=email.policy.default)
        mail = Mail(self._sender, tuple(self._recipients), message, self._encrypted, self._user)
        self._server.mails.append(mail)
        return "250 taken"


def _path(rest: str) -> str:
    return rest[rest.index("<") + 1 : rest.index(">")]


@asynccontextmanager
async def serving_mail(server: MailServer) -> AsyncIterator[MailServer]:
    """Run a server on a port of its own."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Talk(server, reader, writer).run()
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went in the middle, as some tests have it do
        finally:
            writer.close()

    listening = await asyncio.start_server(talk, LOCALHOST, 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


def make_certificate(folder: Path) -> Path:
    """Write a key and a certificate of its own making for this machine's address, valid for a day, to a PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "invented mail server")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOCALHOST))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "mail.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path
