"""What people do with the record of a governance meeting; its agenda is built from what is open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from services.actions.domain import meetings
from services.actions.domain.duties import OPEN as UNSETTLED
from services.actions.domain.facts import HELD
from services.actions.domain.meetings import AgendaItem, Decision, Meeting
from services.actions.domain.progress import DAY
from services.actions.domain.signals import OPEN as SIGNAL_OPEN
from services.actions.domain.tasks import OPEN as TASK_OPEN
from services.actions.ports import Register, Store, Wanted
from services.actions.ports.learning import LearningBook, LearningTransactions, LearningWork
from services.actions.usecases.desk import WORDS_MAX, Who, redacted_words
from shared.kernel.clock import Clock, london_date, start_of_day
from shared.kernel.errors import Fault, Forbidden, Invalid, NotFound

ASKED_MAX = 300
PER_KIND = 15
"""More of one kind nobody gets through in a meeting; the record says how many were left out."""
SINCE_DAYS = 35
"""The first meeting looks back so far for verdicts; later ones to the meeting before."""
AHEAD_DAYS = 7
"""So many days ahead a meeting may be opened."""
RECORDS_SHOWN = 60


class MeetingDesk:
    """The acts and the reading; for those alone who answer for all sites.

    Args:
        transactions: Runs the acts.
        book: Where records are read.
        store: Where signals, tasks and evaluations are read.
        register: Where duties are read.
        clock: The source of now.
    """

    def __init__(
        self,
        transactions: LearningTransactions,
        book: LearningBook,
        store: Store,
        register: Register,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._book = book
        self._store = store
        self._register = register
        self._clock = clock

    async def open(self, who: Who, held_on: date) -> Meeting:
        """Open the record of a day, with an agenda of what is open; a draft gets its agenda anew.

        Raises:
            Forbidden: somebody of single sites asks.
            Invalid: the day is more than a week ahead.
            Conflict: the record is signed.
        """
        _refuse_narrow(who)
        today = london_date(self._clock.now())
        if held_on > today + timedelta(days=AHEAD_DAYS):
            latest = today + timedelta(days=AHEAD_DAYS)
            raise Invalid("the meeting is too far ahead", (Fault(f"must be {latest} or earlier", "held_on"),))
        agenda, left_out = await self._agenda(who, held_on, today)
        key = meetings.meeting_id(who.provider_id, held_on)

        async def work(work: LearningWork) -> Meeting:
            known = await work.meetings.load(who.provider_id, key) or meetings.opened(who.provider_id, held_on)
            built = meetings.with_agenda(known, agenda, left_out)
            await work.meetings.save(built, who.role)
            return built

        return await self._transactions.run(work)

    async def attended(self, who: Who, meeting_id: str, version: int, attended: Mapping[str, int]) -> Meeting:
        """Note who was there; see `domain.meetings.attended_by`."""
        return await self._act(who, meeting_id, lambda known: meetings.attended_by(known, version, attended))

    async def decide(self, who: Who, meeting_id: str, version: int, decision: Decision) -> Meeting:
        """Write a decision down; see `domain.meetings.decide`.

        Raises:
            Invalid: there are no words, or too many.
        """
        words = redacted_words(decision.words, "words")
        if not words:
            raise Invalid("say what was decided", (Fault("must not be blank", "words"),))
        said = replace(decision, words=words)
        return await self._act(who, meeting_id, lambda known: meetings.decide(known, version, said))

    async def strike(self, who: Who, meeting_id: str, version: int, decision_id: str) -> Meeting:
        """Take a decision out of a draft; see `domain.meetings.strike`."""
        return await self._act(who, meeting_id, lambda known: meetings.strike(known, version, decision_id))

    async def outcome(self, who: Who, meeting_id: str, version: int, item_id: str, outcome: str) -> Meeting:
        """Note what became of an earlier decision; see `domain.meetings.report_outcome`."""
        return await self._act(who, meeting_id, lambda known: meetings.report_outcome(known, version, item_id, outcome))

    async def sign(self, who: Who, meeting_id: str, version: int) -> Meeting:
        """Sign a record; see `domain.meetings.sign`."""
        now = self._clock.now()
        return await self._act(
            who, meeting_id, lambda known: meetings.sign(known, version, who.role, who.principal.subject, now)
        )

    async def read(self, who: Who, meeting_id: str) -> Meeting:
        """Return one record.

        Raises:
            NotFound: there is none.
            Forbidden: somebody of single sites asks.
        """
        _refuse_narrow(who)
        found = await self._book.meeting(who.provider_id, meeting_id)
        if found is None:
            raise _unknown(meeting_id)
        return found

    async def records(self, who: Who) -> list[Meeting]:
        """Return the records, the newest first.

        Raises:
            Forbidden: somebody of single sites asks.
        """
        _refuse_narrow(who)
        return await self._book.meeting_list(who.provider_id, RECORDS_SHOWN)

    async def _act(self, who: Who, meeting_id: str, change: Callable[[Meeting], Meeting]) -> Meeting:
        _refuse_narrow(who)

        async def work(work: LearningWork) -> Meeting:
            known = await work.meetings.load(who.provider_id, meeting_id)
            if known is None:
                raise _unknown(meeting_id)
            changed = change(known)
            await work.meetings.save(changed, who.role)
            return changed

        return await self._transactions.run(work)

    async def _agenda(self, who: Who, held_on: date, today: date) -> tuple[list[AgendaItem], dict[str, int]]:
        """Gather what is open, by kind, and how many more there were of each."""
        before = next(
            (
                known
                for known in await self._book.meeting_list(who.provider_id, RECORDS_SHOWN)
                if known.status == meetings.SIGNED and known.held_on < held_on
            ),
            None,
        )
        since = before.held_on if before else held_on - timedelta(days=SINCE_DAYS)
        found = [
            *(_earlier(before) if before else []),
            *await self._escalations(who, today),
            *await self._signals(who),
            *await self._verdicts(who, since),
            *await self._overdue(who, today),
        ]
        kept: list[AgendaItem] = []
        left_out: dict[str, int] = {}
        for kind in meetings.KINDS:
            of_kind = [item for item in found if item.kind == kind]
            kept += of_kind[:PER_KIND]
            if len(of_kind) > PER_KIND:
                left_out[kind] = len(of_kind) - PER_KIND
        return kept, left_out

    async def _escalations(self, who: Who, today: date) -> list[AgendaItem]:
        """Return what is not settled, and what asks again by now: a question of a later day is for a later meeting."""
        duties = await self._register.duty_list(_wanted(who, ("open",)))
        tomorrow = start_of_day(today + DAY)
        return [
            _item(
                meetings.ESCALATION, duty.duty_id, duty.site_id, f"{duty.recipient}: {duty.question}", duty.visibility
            )
            for duty in duties
            if duty.status in UNSETTLED or duty.sort_at < tomorrow
        ]

    async def _signals(self, who: Who) -> list[AgendaItem]:
        signals = await self._store.signal_list(_wanted(who, (SIGNAL_OPEN,)))
        return [
            _item(meetings.SIGNAL, signal.signal_id, signal.site_id, signal.question, signal.visibility)
            for signal in signals
            if signal.review is None or signal.review.decision != "dismissed"
        ]

    async def _verdicts(self, who: Who, since: date) -> list[AgendaItem]:
        evaluations = await self._store.evaluation_list(_wanted(who, ()))
        return [
            _item(meetings.VERDICT, found.action_id, found.site_id, found.verdict.sentence, found.visibility)
            for found in evaluations
            if found.verdict is not None and found.verdict.on >= since
        ]

    async def _overdue(self, who: Who, today: date) -> list[AgendaItem]:
        tasks = await self._store.task_list(_wanted(who, TASK_OPEN))
        late = sorted(
            (task for task in tasks if task.due_on is not None and task.due_on < today),
            key=lambda task: (task.due_on, task.action_id),
        )
        return [
            replace(
                _item(meetings.OVERDUE, task.action_id, task.site_id, task.title, task.visibility),
                due_on=task.due_on,
                owner_role=task.owner_role,
            )
            for task in late
        ]


def _earlier(before: Meeting) -> Sequence[AgendaItem]:
    return [
        AgendaItem(
            item_id=f"{meetings.DECISION}:{known.decision_id}",
            kind=meetings.DECISION,
            subject_id=known.decision_id,
            about_site=None,
            words=known.words,
            owner_role=known.owner_role,
            due_on=known.due_on,
        )
        for known in before.decisions
    ]


def _item(kind: str, subject_id: str, site_id: str, words: str, visibility: str) -> AgendaItem:
    said = None if visibility == HELD else brief(words)
    return AgendaItem(f"{kind}:{subject_id}", kind, subject_id, site_id, said, visibility)


def brief(words: str) -> str:
    """Cut words to what an agenda has room for, at a space."""
    if len(words) <= WORDS_MAX:
        return words
    return words[: WORDS_MAX - 2].rsplit(" ", 1)[0] + " …"


def _wanted(who: Who, statuses: Sequence[str]) -> Wanted:
    return Wanted(who.provider_id, None, statuses, who.principal.sees_held, ASKED_MAX)


def _refuse_narrow(who: Who) -> None:
    if who.principal.sites is not None:
        raise Forbidden("the meeting is about all sites: this needs an access to all of them")


def _unknown(meeting_id: str) -> NotFound:
    return NotFound(f"the record {meeting_id} is not known here")
