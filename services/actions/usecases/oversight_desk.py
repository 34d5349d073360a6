"""What people do with cards and with whether somebody was told, and what they may read of them and of messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.actions.domain.facts import HELD
from services.actions.domain.oversight import cards, notices, told
from services.actions.domain.oversight.cards import Card
from services.actions.domain.oversight.notices import Notice
from services.actions.domain.oversight.told import Told
from services.actions.ports import Act, HistoryLine
from services.actions.ports.oversight import Oversight, OversightWork, Post, Shelf
from services.actions.usecases.desk import Desk, Who, redacted_words
from services.actions.usecases.oversight import rest_alerts
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.taxonomy.oversight import Oversight as Rules

LINK_LIVES = timedelta(days=7)
"""A link in a message ends so long after the message was due."""


class CardDesk:
    """Cards, and whether people were told.

    Args:
        oversight: Runs the changes.
        shelf: Cards as they are read.
        told_shelf: The questions as they are read.
        desk: What is in reach.
        rules: How long there is to tell somebody.
        clock: The source of now.
    """

    def __init__(
        self,
        oversight: Oversight,
        shelf: Shelf[Card],
        told_shelf: Shelf[Told],
        desk: Desk,
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._oversight = oversight
        self._shelf = shelf
        self._told_shelf = told_shelf
        self._desk = desk
        self._rules = rules
        self._clock = clock

    async def card_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Card]:
        """Return the cards in reach, last raised first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._shelf.page(await self._desk.wanted(who, site_id, statuses, limit, after))
        return [_shown(who, card) for card in found]

    async def card(self, who: Who, card_id: str) -> tuple[Card, list[HistoryLine]]:
        """Return one card with its history.

        Raises:
            NotFound: there is no such card in reach.
        """
        found = await self._shelf.one(who.provider_id, card_id)
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise NotFound(f"card {card_id} is not known here")
        return _shown(who, found[0]), _lines(who, found[1])

    async def clear(self, who: Who, card_id: str, version: int, in_the_way: str, action_id: str | None) -> Card:
        """Record what now stands in the way; see `domain.oversight.cards.clear`.

        The alerts about the card end with it: nobody else is woken.

        Raises:
            NotFound: there is no such card or action in reach.
            Invalid: the words are blank or too long, or the action is held from the site and the card is not.
            Conflict: the card has moved on.
        """
        words = redacted_words(in_the_way, "in_the_way")
        if not words:
            raise Invalid("say what now stands in the way", (Fault("must not be blank", "in_the_way"),))

        async def work(work: OversightWork) -> Card:
            card = (await work.cards.load(who.provider_id, [card_id])).get(card_id)
            if card is None or not who.reaches(card.site_id, card.visibility):
                raise NotFound(f"card {card_id} is not known here")
            if action_id is not None:
                task = await work.tasks.load(who.provider_id, action_id)
                if task is None or not who.sees(task) or task.site_id != card.site_id:
                    raise NotFound(f"action {action_id} is not known here")
                if task.visibility == HELD != card.visibility:
                    detail = "is held from the site, which sees this card: name another one, or none"
                    raise Invalid("the card cannot refer to that", (Fault(detail, "action_id"),))
            cleared = cards.clear(card, version, words, action_id, who.role, work.now)
            await work.cards.save(cleared, Act("CardCleared", who.role, who.principal.subject, work.now, words))
            known = (await work.notices.of_subjects(who.provider_id, [card.report_id])).get(card.report_id, ())
            await rest_alerts(work, known, notices.CARD, None, who.role, who.principal.subject)
            return cleared

        return await self._oversight.run(work)

    async def told(self, who: Who, report_id: str) -> tuple[Told, list[HistoryLine]]:
        """Return whether somebody was told of a report.

        Raises:
            NotFound: nothing is asked or known of it here.
        """
        found = await self._told_shelf.one(who.provider_id, told.told_id(who.provider_id, report_id))
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise NotFound(f"nothing is written down of whom report {report_id} was told to")
        return _told_shown(who, found[0]), _lines(who, found[1])

    async def told_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Told]:
        """Return the questions in reach, the last due first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._told_shelf.page(await self._desk.wanted(who, site_id, statuses, limit, after))
        return [_told_shown(who, state) for state in found]

    async def note_told(
        self,
        who: Who,
        report_id: str,
        version: int,
        status: str,
        whom: str | None,
        told_at: datetime | None,
        why_not: str | None,
    ) -> Told:
        """Write down whether somebody was told; see `domain.oversight.told.noted`.

        Args:
            who: Who writes it down.
            report_id: The report; it need not have been asked about.
            version: As it was seen; 0 where nothing is written down yet.
            status: told, not_yet or not_needed.
            whom: person, family or advocate.
            told_at: When; not in the future.
            why_not: The reason, as typed.

        Raises:
            NotFound: there is no such report in reach.
            Invalid: something is missing, or lies in the future.
            Conflict: it has moved on.
        """
        words = redacted_words(why_not, "why_not")
        if told_at is not None and told_at > self._clock.now():
            raise Invalid("what is yet to come cannot be written down", (Fault("must not lie ahead", "told_at"),))

        async def work(work: OversightWork) -> Told:
            key = told.told_id(who.provider_id, report_id)
            known = (await work.told.load(who.provider_id, [key])).get(key)
            if known is None:
                fact = await work.facts.report(who.provider_id, report_id)
                if fact is None or fact.report is None or fact.report.withdrawn:
                    raise NotFound(f"report {report_id} is not known here")
                rules = self._rules.on(london_date(fact.report.reported_at)).told
                known = replace(told.due(fact, rules), version=0)
            if not who.reaches(known.site_id, known.visibility):
                raise NotFound(f"report {report_id} is not known here")
            noted = told.noted(known, version, status, whom, told_at, words, who.role)
            await work.told.save(noted, Act("PersonTold", who.role, who.principal.subject, work.now, words))
            return noted

        return await self._oversight.run(work)


class NoticeDesk:
    """Messages: read, and acknowledged by those who are signed in or hold the link.

    Args:
        oversight: Runs the changes.
        shelf: Messages as they are read.
        post: Finds the message of a link.
        desk: What is in reach.
        clock: The source of now.
        hashed: What is kept of a link's secret.
    """

    def __init__(
        self,
        oversight: Oversight,
        shelf: Shelf[Notice],
        post: Post,
        desk: Desk,
        clock: Clock,
        hashed: Callable[[str], str],
    ) -> None:
        self._oversight = oversight
        self._post = post
        self._clock = clock
        self._hashed = hashed
        self._shelf = shelf
        self._desk = desk

    async def notice_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Notice]:
        """Return the messages in reach, the last due first; a group's own only to who sees all of its sites.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        return await self._shelf.page(await self._desk.wanted(who, site_id, statuses, limit, after))

    async def notice(self, who: Who, notification_id: str) -> Notice:
        """Return one message.

        Raises:
            NotFound: there is no such message in reach.
        """
        found = await self._shelf.one(who.provider_id, notification_id)
        if found is None or not _sees(who, found[0]):
            raise _unknown(notification_id)
        return found[0]

    async def acknowledge(self, who: Who, notification_id: str) -> Notice:
        """Say that a message was seen; again changes nothing.

        Raises:
            NotFound: there is no such message in reach.
            Conflict: it was not sent.
        """
        await self.notice(who, notification_id)
        return await self.seen(who.provider_id, notification_id, who.role, who.principal.subject)

    async def by_link(self, secret: str) -> Notice:
        """Return the message that a link belongs to.

        Raises:
            NotFound: there is none, or the link has ended.
        """
        found = await self._post.by_link(self._hashed(secret))
        if found is None or self._clock.now() - found.due_at > LINK_LIVES:
            raise NotFound("this link is not known, or has ended")
        return found

    async def seen_by_link(self, secret: str) -> Notice:
        """Say that a message was seen, as who holds its link; the role is the one that it was sent to.

        Raises:
            NotFound: there is no such message, or the link has ended.
            Conflict: it was not sent.
        """
        notice = await self.by_link(secret)
        return await self.seen(notice.provider_id, notice.notification_id, notice.role, "")

    async def seen(self, provider_id: str, notification_id: str, role: str, by: str) -> Notice:
        """Note that a message was seen, and let no further role be asked about the same report.

        Args:
            provider_id: The tenant.
            notification_id: The message.
            role: The role of who saw it.
            by: Opaque id of who saw it; empty for who holds the link.

        Raises:
            NotFound: there is no such message.
            Conflict: it was not sent.
        """

        async def work(work: OversightWork) -> Notice:
            known = (await work.notices.load(provider_id, [notification_id])).get(notification_id)
            if known is None:
                raise _unknown(notification_id)
            noted = notices.acknowledged(known, role, work.now)
            if noted is not known:
                await work.notices.save(noted, Act("NotificationAcknowledged", role, by, work.now))
            if known.kind != notices.ALERT:  # each digest is for its own role and site
                return noted
            others = (await work.notices.of_subjects(provider_id, [known.subject_id])).get(known.subject_id, ())
            rest = [other for other in others if other.notification_id != notification_id]
            await rest_alerts(work, rest, known.about, known.visibility, role, by)
            return noted

        return await self._oversight.run(work)


def _sees(who: Who, notice: Notice) -> bool:
    if notice.site_id is None:
        return who.principal.sites is None and (notice.visibility != HELD or who.principal.sees_held)
    return who.reaches(notice.site_id, notice.visibility)


def _unknown(notification_id: str) -> NotFound:
    return NotFound(f"message {notification_id} is not known here")


def _shown(who: Who, card: Card) -> Card:
    """Leave out what somebody typed, for readers of numbers alone."""
    return card if who.reads_words else replace(card, in_the_way=None)


def _told_shown(who: Who, state: Told) -> Told:
    return state if who.reads_words else replace(state, why_not=None)


def _lines(who: Who, lines: Sequence[HistoryLine]) -> list[HistoryLine]:
    """Leave out what was done while it was held, and what was typed, for those who may not read it."""
    seen = [line for line in lines if who.principal.sees_held or line.visibility != HELD]
    return seen if who.reads_words else [replace(line, words=None) for line in seen]
