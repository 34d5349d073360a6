"""E-mail and webhook against real receivers and a real mongod: what leaves, what is refused, what is tried again."""

from __future__ import annotations

import asyncio
import json
import socket
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from services.actions.adapters.channels import EmailChannel, FileChannel, Mailbox, WebhookChannel
from services.actions.ports.oversight import ChannelFailed, Message
from services.actions.routes.timer import mailing_jobs
from services.actions.settings import Settings
from shared.kernel.clock import FixedClock
from shared.runtime.settings import SettingsWrong
from tests.support.actions import corrected, open_house, registered, report
from tests.support.clock import CLOCK, TODAY
from tests.support.oversight import NOW, Mailroom, held_by
from tests.support.receiver import is_genuine, receiving
from tests.support.smtp import LOCALHOST, MailServer, make_certificate, serving_mail

TEXT = "Mavis Thistlewood slipped past the laundry gate before breakfast."
WORDS = ("Mavis", "Thistlewood", "slipped", "laundry", "gate", "breakfast")
SECRET = b"an invented secret of forty bytes and so"
SENDER = "near-misses@care.example"
MESSAGE = Message("n-1", ("on_call.s@care.example",), "Subject", "Body\n", "https://care.example/act/seen/x", "alert")
engines = pytest.mark.engines


@pytest.fixture
async def house(mongodb_uri, database_prefix):
    async with open_house(mongodb_uri, database_prefix) as opened:
        yield opened


@pytest.fixture
def certificate(tmp_path):
    """A key and a certificate that nobody trusts yet."""
    return make_certificate(tmp_path)


@pytest.fixture
def trusted(certificate, monkeypatch):
    """The same, trusted as a provider's own authority would be: by OpenSSL's variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return certificate


def mailbox(server: MailServer, **changes) -> Mailbox:
    """A mailbox at a server: this machine, no sign-in, no encryption, unless it says otherwise."""
    return Mailbox(**{"host": LOCALHOST, "port": server.port, "sender": SENDER, "encrypted": False, **changes})


def by_mail(house, server: MailServer, **changes) -> Mailroom:
    """Rounds that hand over to a mail server."""
    box = mailbox(server, **changes)
    return Mailroom(house, CLOCK.now(), lambda clock: EmailChannel(box, clock.now))


def by_webhook(house, url: str) -> Mailroom:
    """Rounds that post to a receiver."""
    return Mailroom(house, CLOCK.now(), lambda clock: WebhookChannel(url, SECRET, clock.now))


async def alerted(house) -> None:
    """A site with people on call and a deputy, and a report there that the police are to see."""
    people = [held_by("on_call", "u-on_call"), held_by("deputy", "u-deputy")]
    told = report("r1", TODAY, received_at=CLOCK.now(), text=TEXT)
    await house.fold(registered(), people, told, corrected("r1", escalate=["police"]))


def has_words(text: str) -> list[str]:
    """The words of the report that a text holds."""
    return [word for word in WORDS if word.lower() in text.lower()]


async def refused(channel, message: Message = MESSAGE) -> tuple[str, bool]:
    """Why a channel does not take a message, and whether another try could work."""
    with pytest.raises(ChannelFailed) as failed:
        await channel.send(message)
    return failed.value.word, failed.value.again


@engines
async def test_an_email_goes_to_the_role_with_number_and_link_and_no_word_of_the_report(house):
    """As a mail server takes it: envelope, headers and body; the event says by which way it went."""
    await alerted(house)
    async with serving_mail(MailServer()) as server:
        room = by_mail(house, server)
        await room.after(seconds=1)
    (mail,) = server.mails
    (sent,) = await house.events("NotificationSent")
    body = mail.message.get_content()

    assert (mail.sender, mail.recipients) == (SENDER, ("on_call.s@care.example",))
    assert (mail.message["From"], mail.message["To"]) == (SENDER, "on_call.s@care.example")
    assert mail.message["Subject"] == "Near misses: somebody is needed now"
    assert mail.message["Message-ID"] == f"<{sent.notification.notification_id}@care.example>"
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(mail.message["Date"]) == room.clock.moment.replace(microsecond=0)
    assert "Report number r1." in body
    assert f"https://care.example/act/seen/{room.secrets[0]}" in body.splitlines()
    assert has_words(mail.message.as_string()) == []
    assert (sent.notification.channel, sent.notification.status) == ("email", "sent")
    assert sent.notification.sent_at - sent.notification.accepted_at < timedelta(seconds=60)


async def test_the_password_and_the_message_go_over_an_encrypted_line_alone(trusted):
    """STARTTLS comes first, then the sign-in, then the message."""
    server = MailServer(certificate=trusted, account=("care", "hush"))
    async with serving_mail(server):
        box = mailbox(server, user="care", password="hush", encrypted=True)
        await EmailChannel(box, FixedClock(NOW).now).send(MESSAGE)

    (mail,) = server.mails
    assert (mail.encrypted, mail.user) == (True, "care")
    assert server.words == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


@pytest.mark.parametrize("offered", [False, True], ids=["no STARTTLS", "a certificate that nobody trusts"])
async def test_a_server_that_cannot_be_trusted_gets_neither_password_nor_message(certificate, offered):
    """Another try could work, once the server is mended."""
    server = MailServer(certificate=certificate if offered else None, account=("care", "hush"))
    async with serving_mail(server):
        box = mailbox(server, user="care", password="hush", encrypted=True)
        said = await refused(EmailChannel(box, FixedClock(NOW).now))

    assert said == ("mail_server_away", True)
    assert not {"AUTH", "MAIL", "DATA"} & set(server.words)


@pytest.mark.parametrize(
    ("command", "answer", "said"),
    [
        ("MAIL", "452 no room", ("mail_server_refused", True)),
        ("MAIL", "550 not from you", ("mail_server_refused", False)),
        ("RCPT", "450 try later", ("recipients_refused", True)),
        ("RCPT", "550 nobody here", ("recipients_refused", False)),
        ("DATA", "451 trouble here", ("mail_server_refused", True)),
        ("DATA", "554 not that", ("mail_server_refused", False)),
    ],
)
async def test_what_a_mail_server_refuses_for_now_is_tried_again_and_what_it_never_takes_is_not(command, answer, said):
    """The first digit decides (RFC 5321, section 4.2.1), whichever command it answers."""
    async with serving_mail(MailServer(refusals={command: [answer]})) as server:
        channel = EmailChannel(mailbox(server), FixedClock(NOW).now)
        assert await refused(channel) == said
        assert server.mails == []


async def test_a_wrong_password_is_not_tried_again():
    """It would be as wrong a second time, and some servers lock an account for it."""
    async with serving_mail(MailServer(account=("care", "hush"))) as server:
        box = mailbox(server, user="care", password="hash")
        assert await refused(EmailChannel(box, FixedClock(NOW).now)) == ("mail_server_refused", False)


async def test_a_slow_mail_server_is_left_when_the_whole_try_has_taken_too_long():
    """Each answer comes in time, all of them together do not: another process would take the message up meanwhile."""
    async with serving_mail(MailServer(pause_s=0.2)) as server:
        channel = EmailChannel(mailbox(server), FixedClock(NOW).now, timeout_s=0.5)
        assert await refused(channel) == ("mail_server_away", True)
        assert server.mails == []


@engines
async def test_an_email_refused_for_now_goes_out_at_the_next_try_under_the_same_id(house):
    """First an unknown sender is made to wait, then the server has trouble, then it takes the message."""
    await alerted(house)
    refusals = {"RCPT": ["450 try later"], "DATA": ["451 trouble here"]}
    async with serving_mail(MailServer(refusals=refusals)) as server:
        room = by_mail(house, server)
        await room.after(seconds=1)
        await room.after(seconds=1)
        assert server.words.count("RCPT") == 1, "there is a pause before the next try"
        await room.after(seconds=5)
        assert server.mails == []
        await room.after(seconds=11)
    (mail,) = server.mails
    (sent,) = await house.events("NotificationSent")

    assert mail.recipients == ("on_call.s@care.example",)
    assert mail.message["Message-ID"] == f"<{sent.notification.notification_id}@care.example>"
    assert (sent.notification.attempts, sent.notification.failure) == (3, None)
    assert await house.events("NotificationFailed") == []


@engines
async def test_an_email_that_is_never_taken_has_failed_and_the_next_role_is_asked_at_once(house):
    """The address of the role on call is no longer there."""
    await alerted(house)
    async with serving_mail(MailServer(refusals={"RCPT": ["550 nobody here"]})) as server:
        await by_mail(house, server).after(seconds=1)
    (failed,) = await house.events("NotificationFailed")

    assert (failed.notification.role, failed.notification.failure) == ("on_call", "recipients_refused")
    assert (failed.notification.status, failed.notification.attempts) == ("failed", 1)
    assert [mail.recipients for mail in server.mails] == [("deputy.s@care.example",)]


@engines
async def test_with_the_mail_server_away_a_message_has_failed_after_the_set_tries(house):
    """Four tries with growing pauses; each is counted, and the end is told once."""
    await alerted(house)
    with socket.socket() as taken:  # bound and never listening: every connection is refused
        taken.bind((LOCALHOST, 0))
        room = by_mail(house, MailServer(port=taken.getsockname()[1]))
        for pause_s in (1, 5, 10):
            await room.after(seconds=pause_s)
        assert await house.events("NotificationFailed") == []
        await room.after(seconds=20)
    failed = await house.events("NotificationFailed")

    assert [(one.notification.step, one.notification.attempts) for one in failed] == [(1, 4)]
    assert failed[0].notification.failure == "mail_server_away"


@engines
async def test_a_webhook_is_signed_over_its_time_and_its_bytes_and_holds_no_word_of_the_report(house):
    """A receiver that follows the README takes it, and refuses it changed, late, or under another secret."""
    await alerted(house)
    with receiving() as receiver:
        room = by_webhook(house, receiver.url)
        await room.after(seconds=1)
    (posted,) = receiver.posted
    (sent,) = await house.events("NotificationSent")
    now_s = int(room.clock.moment.timestamp())
    body = json.loads(posted.body)

    assert is_genuine(posted, SECRET, now_s)
    assert not is_genuine(posted._replace(body=posted.body.replace(b"r1", b"r2")), SECRET, now_s)
    assert not is_genuine(posted, SECRET, now_s + 301)
    assert not is_genuine(posted, SECRET[::-1], now_s)
    earlier = posted.headers["x-signature"].replace(str(now_s), str(now_s + 300))
    assert not is_genuine(posted._replace(headers={"x-signature": earlier}), SECRET, now_s + 301)
    assert (posted.path, posted.headers["content-type"]) == ("/alerts", "application/json")
    assert posted.headers["idempotency-key"] == body["notification_id"] == sent.notification.notification_id
    assert body["addresses"] == ["on_call.s@care.example"]
    assert body["link"] == f"https://care.example/act/seen/{room.secrets[0]}"
    assert set(body) == {"notification_id", "addresses", "subject", "body", "link", "kind"}
    assert "Report number r1." in body["body"]
    assert has_words(posted.body.decode() + str(posted.headers)) == []
    assert sent.notification.channel == "webhook"


@engines
async def test_a_webhook_that_fails_is_tried_again_with_a_new_time_under_the_same_key(house):
    """500, then too many at once, then taken: told as one message."""
    await alerted(house)
    with receiving() as receiver:
        receiver.answers = [500, 429]
        room = by_webhook(house, receiver.url)
        moments = []
        for pause_s in (1, 5, 10, 60):
            await room.after(seconds=pause_s)
            moments.append(int(room.clock.moment.timestamp()))
    (sent,) = await house.events("NotificationSent")

    assert len(receiver.posted) == 3
    assert all(is_genuine(one, SECRET, at_s, 0) for one, at_s in zip(receiver.posted, moments, strict=False))
    assert {one.headers["idempotency-key"] for one in receiver.posted} == {sent.notification.notification_id}
    assert sent.notification.attempts == 3


@engines
@pytest.mark.parametrize("status", [302, 403, 410])
async def test_a_webhook_that_refuses_has_failed_and_the_next_role_is_asked_at_once(house, status):
    """Nor is a message with its link carried on to where an answer points."""
    await alerted(house)
    with receiving() as receiver:
        receiver.answers = [status]
        await by_webhook(house, receiver.url).after(seconds=1)
    (failed,) = await house.events("NotificationFailed")

    assert (failed.notification.failure, failed.notification.attempts) == ("webhook_refused", 1)
    assert [json.loads(one.body)["addresses"] for one in receiver.posted] == [
        ["on_call.s@care.example"],
        ["deputy.s@care.example"],
    ]
    assert {one.path for one in receiver.posted} == {"/alerts"}


async def test_a_webhook_that_trickles_or_is_away_is_left_in_time():
    """Each byte comes in time, all of them together do not; nor is there anybody at a closed port."""
    now = FixedClock(NOW).now
    with receiving() as receiver:
        receiver.answers, receiver.pause_s = [200], 0.1
        assert await refused(WebhookChannel(receiver.url, SECRET, now, timeout_s=0.5)) == ("webhook_away", True)
    assert await refused(WebhookChannel(receiver.url, SECRET, now)) == ("webhook_away", True)


async def test_a_file_that_cannot_be_written_is_tried_again(tmp_path):
    """A full or missing disk may be mended; what was written is a line of JSON each."""
    now = FixedClock(NOW).now
    path = tmp_path / "new" / "notifications.ndjson"
    await FileChannel(path, now).send(MESSAGE)
    await FileChannel(path, now).send(MESSAGE)

    assert await refused(FileChannel(tmp_path, now)) == ("file_not_writable", True)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["at"], line["link"]) for line in lines] == [(NOW.isoformat(), MESSAGE.link)] * 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"notify_channel": "webhook", "webhook_url": "https://care.example/alerts"}, "NEARMISS_WEBHOOK_SECRET must"),
        ({"notify_channel": "webhook", "webhook_secret": SECRET.decode()}, "NEARMISS_WEBHOOK_URL must"),
        (
            {"notify_channel": "webhook", "webhook_secret": SECRET.decode(), "webhook_url": "http://care.example/x"},
            "NEARMISS_WEBHOOK_URL must",
        ),
        ({"notify_channel": "email", "smtp_encrypted": False, "smtp_host": "smtp.care.example"}, "SMTP_ENCRYPTED can"),
    ],
    ids=["no secret", "no address", "in clear", "mail in clear"],
)
def test_a_way_to_people_that_anybody_could_forge_or_listen_to_is_refused_at_the_start(given, said):
    """The message names the variable and no value."""
    with pytest.raises(SettingsWrong, match=said) as wrong:
        Settings(**given).require_channel()

    assert SECRET.decode() not in str(wrong.value)
    assert "care.example" not in str(wrong.value)


@pytest.mark.parametrize(
    "given",
    [
        {"webhook_url": "https://care.example/alerts", "webhook_secret": SECRET.decode(), "notify_channel": "webhook"},
        {"webhook_url": "http://127.0.0.1:9/alerts", "webhook_secret": SECRET.decode(), "notify_channel": "webhook"},
        {"smtp_host": "127.0.0.1", "smtp_encrypted": False, "notify_channel": "email"},
        {"smtp_host": "smtp.care.example", "notify_channel": "email"},
        {"notify_channel": "none"},
    ],
)
def test_a_safe_way_to_people_is_taken(given):
    """Encrypted, or on the same machine."""
    Settings(**given).require_channel()


class OneWaits:
    """A way to people whose first message is kept until it is let go; all others are taken at once."""

    name = "slow"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.taken: list[str] = []
        self.held = asyncio.Event()
        self.free = asyncio.Event()

    async def send(self, message: Message) -> None:
        self.asked.append(message.notification_id)
        if len(self.asked) == 1:
            self.held.set()
            await self.free.wait()
        self.taken.append(message.notification_id)


@engines
async def test_a_receiver_that_is_slow_to_take_one_alert_keeps_none_of_the_others(house):
    """The jobs of the app side by side: seven alerts are out and noted while the first still waits; each goes once."""
    now = CLOCK.now()
    reports = [report(f"r{n}", now.date(), received_at=now, text=f"{TEXT} {n}") for n in range(8)]
    labels = [corrected(f"r{n}", escalate=["police"]) for n in range(8)]
    await house.fold(registered(), held_by("on_call", "u-on_call"), reports, labels)
    channel = OneWaits()
    room = Mailroom(house, CLOCK.now(), lambda _: channel)
    jobs = [asyncio.ensure_future(job()) for job in mailing_jobs(room.mailing, poll_s=0.02, side_by_side=3)]
    try:
        async with asyncio.timeout(30):
            await channel.held.wait()
            while len(await house.events("NotificationSent")) < 7:
                await asyncio.sleep(0.02)
        assert len(channel.taken) == 7
        assert channel.asked[0] not in channel.taken
        channel.free.set()
        async with asyncio.timeout(30):
            while len(await house.events("NotificationSent")) < 8:
                await asyncio.sleep(0.02)
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)

    assert len(channel.asked) == len(set(channel.taken)) == 8
