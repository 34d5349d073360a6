"""What people do with signals, and what they may read of signals, evaluations and the management log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from services.actions.domain.evaluations import Evaluation
from services.actions.domain.facts import HELD
from services.actions.domain.management_log import LogEntry, free_line
from services.actions.domain.signals import Review, Signal, reviewed
from services.actions.ports import Store, Work
from services.actions.ports.watching import WatchReading
from services.actions.usecases.desk import Desk, Who, redacted_words
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Invalid, NotFound


class SignalDesk:
    """The acts and the reading.

    Args:
        store: The service's database.
        reading: What detection goes by.
        desk: The tasks, for what is in reach.
        clock: The source of now.
        rule_version: The version of the rules of a day.
    """

    def __init__(
        self, store: Store, reading: WatchReading, desk: Desk, clock: Clock, rule_version: Callable[[date], str]
    ) -> None:
        self._store = store
        self._reading = reading
        self._rule_version = rule_version
        self._desk = desk
        self._clock = clock

    async def signal_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[date, str] | None
    ) -> list[Signal]:
        """Return the signals in reach, last raised first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._store.signal_list(await self._desk.wanted(who, site_id, statuses, limit, after))
        return [_shown(who, signal) for signal in found]

    async def chance(self, who: Who) -> tuple[str, float | None]:
        """Return the rules' version in force, and how many signals per site and month chance alone would bring."""
        known = await self._reading.chance(who.provider_id)
        return self._rule_version(london_date(self._clock.now())), known[0] if known else None

    async def signal(self, who: Who, signal_id: str) -> Signal:
        """Return one signal.

        Raises:
            NotFound: there is no such signal in reach.
        """
        return _shown(who, _reached(who, signal_id, await self._store.signal(who.provider_id, signal_id)))

    async def review(
        self, who: Who, signal_id: str, version: int, decision: str, reason: str | None, action_id: str | None
    ) -> Signal:
        """Note what somebody made of a signal; see `domain.signals.reviewed`.

        Args:
            who: Who decides.
            signal_id: The signal.
            version: As it was seen.
            decision: acted_on, watched or dismissed.
            reason: Why, as typed; asked for where it is dismissed.
            action_id: The action that was taken, where it is one of the board.

        Raises:
            NotFound: there is no such signal or action in reach.
            Invalid: the reason is missing or too long, or the action is held from the site and the signal is not.
            Conflict: the signal has moved on.
        """
        words = redacted_words(reason, "reason")
        if decision == "dismissed" and not words:
            raise Invalid("say why the signal is dismissed", (Fault("must not be blank", "reason"),))

        async def work(work: Work) -> Signal:
            known = (await work.signals.load(who.provider_id, {signal_id})).get(signal_id)
            signal = _reached(who, signal_id, known)
            if action_id is not None:
                task = await work.tasks.load(who.provider_id, action_id)
                if task is None or not who.sees(task) or task.site_id != signal.site_id:
                    raise NotFound(f"action {action_id} is not known here")
                if task.visibility == HELD != signal.visibility:
                    detail = "is held from the site, which sees this signal: name another one, or none"
                    raise Invalid("the signal cannot refer to that", (Fault(detail, "action_id"),))
            review = Review(decision, words, who.role, work.now, action_id)
            changed = reviewed(signal, version, review)
            await work.signals.save(changed, "reviewed", work.now, by_role=who.role)
            return changed

        return await self._store.run(work)

    async def evaluation_list(
        self, who: Who, site_id: str | None, limit: int, after: tuple[date, str] | None
    ) -> list[Evaluation]:
        """Return the evaluations in reach, last started first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        return await self._store.evaluation_list(await self._desk.wanted(who, site_id, (), limit, after))

    async def evaluation(self, who: Who, action_id: str) -> Evaluation:
        """Return the evaluation of an action, or of a line of the log.

        Raises:
            NotFound: there is none in reach.
        """
        found = await self._store.evaluation_of(who.provider_id, action_id)
        if found is None or not who.reaches(found.site_id, found.visibility):
            raise NotFound(f"action {action_id} has no evaluation here")
        return found

    async def log_list(
        self, who: Who, site_id: str | None, limit: int, after: tuple[date, str] | None
    ) -> list[LogEntry]:
        """Return the lines of the log in reach, the newest first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        return await self._store.log_list(await self._desk.wanted(who, site_id, (), limit, after))

    async def write_log(self, who: Who, site_id: str, on: date, text: str) -> LogEntry:
        """Write down what management did; the same words of the same day are written once.

        Raises:
            NotFound: the site is not known, or not in reach.
            Invalid: the text is blank or too long, or the day is yet to come.
        """
        words = redacted_words(text, "text")
        if not words:
            raise Invalid("say what was done", (Fault("must not be blank", "text"),))
        today = london_date(self._clock.now())
        if on > today:
            raise Invalid("what is yet to come cannot be logged", (Fault(f"must be {today} or earlier", "date"),))
        if not who.principal.may_see_site(site_id) or not await self._store.site_known(who.provider_id, site_id):
            raise NotFound(f"site {site_id} is not known here")

        async def work(work: Work) -> LogEntry:
            by = (who.role, who.principal.subject)
            entry = free_line(who.provider_id, site_id, on, words, by, work.now)
            if not await work.log.holds(entry.line_id):
                await work.log.add(entry)
            return entry

        return await self._store.run(work)


def _reached(who: Who, signal_id: str, signal: Signal | None) -> Signal:
    if signal is None or not who.reaches(signal.site_id, signal.visibility):
        raise NotFound(f"signal {signal_id} is not known here")
    return signal


def _shown(who: Who, signal: Signal) -> Signal:
    """Leave out what somebody typed, for readers of numbers alone."""
    if who.reads_words or signal.review is None:
        return signal
    return replace(signal, review=replace(signal.review, reason=None))
