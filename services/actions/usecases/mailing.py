"""Sends what waits, asks the next role where nobody answered, and makes the day's digests.

A message is claimed for a time, sent, and then noted with its event in one transaction. A process that dies between
sending and noting leaves a claim that ends: the message goes out once more, under the same id. So: at least once, and
twice only after such a death.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.actions.domain.oversight import notices
from services.actions.domain.oversight.notices import Notice
from services.actions.ports import Act
from services.actions.ports.oversight import (
    Channel,
    ChannelFailed,
    Directory,
    Message,
    Oversight,
    OversightWork,
    Post,
    Reached,
)
from shared.kernel.clock import Clock, london_date
from shared.taxonomy.oversight import AlertRules
from shared.taxonomy.oversight import Oversight as Rules

SYSTEM = "system"
BATCH = 50
WORDS = {
    "escalation": "A report needs somebody now.",
    "card": "A report could have ended in a death.",
    "worry": "Somebody reported something that worries them very much.",
}


@dataclass(frozen=True, slots=True)
class Mailed:
    """What a round did."""

    sent: int = 0
    failed: int = 0
    passed_on: int = 0


class Mailing:
    """The rounds.

    Args:
        oversight: Runs the changes.
        post: What waits.
        directory: Who holds which role.
        channel: The way to people.
        rules: Who is asked next, and when.
        clock: The source of now.
        secret: Makes the secret of a link.
        public_url: Where people find the service, such as https://care.example/act.
        claim_s: For so long one process has a message to itself; longer than the channel may take.
    """

    def __init__(
        self,
        oversight: Oversight,
        post: Post,
        directory: Directory,
        channel: Channel,
        rules: Rules,
        clock: Clock,
        secret: Callable[[], str],
        public_url: str,
        claim_s: float,
    ) -> None:
        self._oversight = oversight
        self._post = post
        self._directory = directory
        self._channel = channel
        self._rules = rules
        self._clock = clock
        self._secret = secret
        self._public_url = public_url
        self._claim_s = claim_s

    async def round(self) -> Mailed:
        """Pass on what nobody answered and send what is due.

        Raises:
            Unavailable: the database is away; what was done until then stays.
        """
        passed = 0
        for notice in await self._post.overdue(self._clock.now(), BATCH):
            passed += await self._oversight.run(lambda work, notice=notice: self._pass_on(work, notice))  # type: ignore[misc]  # the default binds the loop's value
        mailed = await self.send_due()
        return Mailed(mailed.sent, mailed.failed, passed)

    async def send_due(self) -> Mailed:
        """Send what is due, one message after another.

        Run side by side, each takes messages that no other has: a receiver that is slow to take one keeps none but the
        one that waits for it.

        Raises:
            Unavailable: the database is away; what was done until then stays.
        """
        sent = failed = 0
        for _ in range(BATCH):
            secret, now = self._secret(), self._clock.now()
            until = now + timedelta(seconds=self._claim_s)
            claimed = await self._post.claim(now, until, link_hash(secret))
            if claimed is None:
                break
            status = await self._send(claimed, secret)
            sent += status == notices.SENT
            failed += status == notices.FAILED
        return Mailed(sent, failed)

    async def _send(self, notice: Notice, secret: str) -> str:
        reached = await self._directory.holders(notice.provider_id, notice.site_id, notice.role, self._clock.now())
        failure: ChannelFailed | None = None
        if not reached.addresses:
            failure = ChannelFailed("nobody_holds_the_role", again=False)
        else:
            try:
                await self._channel.send(self._message(notice, reached, secret))
            except ChannelFailed as error:
                failure = error
        return await self._oversight.run(lambda work: self._note(work, notice, reached, failure))

    async def _note(self, work: OversightWork, claimed: Notice, reached: Reached, failure: ChannelFailed | None) -> str:
        """Note what became of a try; where the message reached nobody the next role is asked at once."""
        key = claimed.notification_id
        known = (await work.notices.load(claimed.provider_id, [key])).get(key)
        if known is None or known.status not in (notices.WAITING, notices.SETTLED):
            return notices.SETTLED
        rules, name = self._alert_rules(work.now), self._channel.name
        if failure is None:
            after = notices.sent(known, name, reached.user_ids, reached.fell_back, rules, work.now)
            if known.status == notices.SETTLED:  # it went out just when it was settled: said, and not passed on
                after = notices.at_rest(after)
            await work.notices.save(after, Act("NotificationSent", SYSTEM, "", work.now))
            return after.status
        if known.status == notices.SETTLED:
            return notices.SETTLED
        after = notices.tried(
            known, name, failure.word, rules, work.now, again=failure.again, fell_back=reached.fell_back
        )
        event = "NotificationFailed" if after.status == notices.FAILED else ""
        await work.notices.save(after, Act(event, SYSTEM, "", work.now))
        if after.status == notices.FAILED:
            await self._ask_next(work, after, rules)
        return after.status

    async def _pass_on(self, work: OversightWork, overdue: Notice) -> int:
        key = overdue.notification_id
        known = (await work.notices.load(overdue.provider_id, [key])).get(key)
        if known is None or known.status != notices.SENT or known.next_at is None or known.next_at > work.now:
            return 0
        await work.notices.save(notices.passed_on(known), Act("", SYSTEM, "", work.now))
        await self._ask_next(work, known, self._alert_rules(work.now))
        return 1

    async def _ask_next(self, work: OversightWork, notice: Notice, rules: AlertRules) -> None:
        following = notices.following(notice, rules, work.now)
        if following is None:
            return
        key = following.notification_id
        if key not in await work.notices.load(notice.provider_id, [key]):
            await work.notices.save(following, Act("", SYSTEM, "", work.now))

    def _message(self, notice: Notice, reached: Reached, secret: str) -> Message:
        link = f"{self._public_url}/seen/{secret}"
        if notice.kind == notices.DIGEST:
            subject = f"Near misses: {notice.items} to look at today"
            said = f"{notice.items} things wait to be looked at."
            if notice.about == notices.UNREVIEWED:
                said = f"Nobody has reviewed these yet, and their time for it is over. Reports: {notice.items}."
        else:
            subject = "Near misses: somebody is needed now"
            said = f"{WORDS.get(notice.about, WORDS['escalation'])} Report number {notice.subject_id}."
        body = f"{said}\n\nOpen this and say that you have seen it:\n{link}\n"
        return Message(notice.notification_id, reached.addresses, subject, body, link, notice.kind)

    def _alert_rules(self, now: datetime) -> AlertRules:
        return self._rules.on(london_date(now)).alert


def link_hash(secret: str) -> str:
    """Return what is kept of a link's secret.

    Args:
        secret: As it stands in the link.
    """
    return hashlib.sha256(secret.encode()).hexdigest()
