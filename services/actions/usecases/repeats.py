"""Repeats without action: asked as detection finds them, answered by people, never sent anywhere by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from services.actions.domain.facts import HELD
from services.actions.domain.oversight import repeats
from services.actions.domain.oversight.repeats import KIND, PERSON, Repeat
from services.actions.domain.signals import Signal
from services.actions.ports import Act, HistoryLine
from services.actions.ports.oversight import Oversight, OversightWork, Shelf
from services.actions.usecases.desk import Desk, Who, redacted_words
from services.actions.usecases.duties import councils_on
from shared.kernel.errors import Fault, Forbidden, Invalid, NotFound
from shared.kernel.principal import Role
from shared.taxonomy.detection_data import DetectionData

SYSTEM = "system"
DECIDES_ON_PERSONS = frozenset({Role.SAFEGUARDING, Role.GOVERNANCE})


async def follow_signals(
    signals: Sequence[Signal], work: OversightWork, data: DetectionData, day: date, at: datetime, replay: bool
) -> None:
    """Ask about what detection found to go on without an action, and bring open questions up to their signals.

    Args:
        signals: Signals that were raised, updated or closed.
        work: The transaction.
        data: The threshold packs.
        day: The day that was reviewed.
        at: When it counts from.
        replay: Whether it is replayed history.
    """
    keys = [repeats.repeat_id(signal, ground) for signal in signals for ground in repeats.GROUNDS]
    known = await work.repeats.load(signals[0].provider_id, keys) if signals else {}
    for signal in signals:
        for ground in repeats.GROUNDS:
            state = known.get(repeats.repeat_id(signal, ground))
            if state is not None:
                after = repeats.followed(state, signal, at)
                if after is not state:
                    await work.repeats.save(after, _told(after, at, replay))
            elif ground == "no_action" and signal.kind == KIND and signal.status == "open":
                council = await council_of(work, signal, day)
                asked = repeats.asked(signal, data.pack_on(day, council), data.version, council, at)
                await work.repeats.save(asked, _told(asked, at, replay))


async def council_of(work: OversightWork, signal: Signal, day: date) -> str | None:
    """Return the council of a signal's site on a day; None where it has none, or several."""
    site = (signal.provider_id, signal.site_id)
    names = councils_on((await work.facts.councils([site])).get(site, ()), day)
    return names[0] if len(names) == 1 else None


def _told(state: Repeat, at: datetime, replay: bool) -> Act:
    return Act("RepeatAsked" if state.status == repeats.ASKED else "RepeatAnswered", SYSTEM, "", at, replay=replay)


class RepeatDesk:
    """What people do with these questions.

    Args:
        oversight: Runs the changes.
        shelf: Questions as they are read.
        desk: What is in reach.
    """

    def __init__(self, oversight: Oversight, shelf: Shelf[Repeat], desk: Desk) -> None:
        self._oversight = oversight
        self._shelf = shelf
        self._desk = desk

    async def page(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Repeat]:
        """Return the questions in reach, last asked first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._shelf.page(await self._desk.wanted(who, site_id, statuses, limit, after))
        return [_shown(who, state) for state in found]

    async def one(self, who: Who, repeat_id: str) -> tuple[Repeat, list[HistoryLine]]:
        """Return one question with its history.

        Raises:
            NotFound: there is no such question in reach.
        """
        found = await self._shelf.one(who.provider_id, repeat_id)
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise _unknown(repeat_id)
        lines = [line for line in found[1] if who.principal.sees_held or line.visibility != HELD]
        return _shown(who, found[0]), lines if who.reads_words else [replace(line, words=None) for line in lines]

    async def answer(self, who: Who, repeat_id: str, version: int, decision: str, reason: str) -> Repeat:
        """Decide; of a person only the safeguarding lead or the group lead does. Nothing is sent to anybody.

        Raises:
            NotFound: there is no such question in reach.
            Forbidden: it is about a person, and this role does not decide that.
            Invalid: the reason is blank or too long, or the word does not fit.
            Conflict: the question has moved on.
        """
        words = redacted_words(reason, "reason")
        if not words:
            raise Invalid("say why", (Fault("must not be blank", "reason"),))

        async def work(work: OversightWork) -> Repeat:
            known = (await work.repeats.load(who.provider_id, [repeat_id])).get(repeat_id)
            if known is None or not who.reaches(known.site_id, known.visibility):
                raise _unknown(repeat_id)
            if known.about == PERSON and not who.principal.roles & DECIDES_ON_PERSONS:
                raise Forbidden("whether a council is consulted about a person is for the safeguarding lead to decide")
            after = repeats.answered(known, version, decision, words, who.role, work.now)
            await work.repeats.save(after, Act("RepeatAnswered", who.role, who.principal.subject, work.now, words))
            return after

        return await self._oversight.run(work)


def _shown(who: Who, state: Repeat) -> Repeat:
    """Leave out what somebody typed, for readers of numbers alone."""
    return state if who.reads_words else replace(state, reason=None)


def _unknown(repeat_id: str) -> NotFound:
    return NotFound(f"question {repeat_id} is not known here")
