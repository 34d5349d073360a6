"""What people do with the learning log, with alerts and with huddle sheets, and what they may read of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from services.actions.domain import huddles, learning
from services.actions.domain.facts import HELD
from services.actions.domain.huddles import Huddle, ShiftTold
from services.actions.domain.learning import Learning, Receipt
from services.actions.domain.signals import OPEN
from services.actions.domain.tasks import COMPLETED, VERIFIED, Task
from services.actions.ports import Store, Wanted
from services.actions.ports.learning import LearningBook, LearningTransactions, LearningWork, Places
from services.actions.usecases.desk import Desk, Who, redacted_words
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Forbidden, Invalid, NotFound
from shared.kernel.principal import Role

LOG_MAX = 200
SHEET_ENTRIES = 3
"""A huddle takes minutes: more than three things are not remembered."""
ALERTING = (Role.GOVERNANCE, Role.SAFEGUARDING)


@dataclass(frozen=True, slots=True)
class Publication:
    """An entry as somebody types it.

    Attributes:
        site_id: Where it was learned; None where it came from no single site.
        alert: Whether sites are asked to say that they received it.
        for_sites: The sites that are asked; none means all.
    """

    site_id: str | None
    you_said: str
    we_did: str
    domains: Sequence[str] = ()
    action_id: str | None = None
    signal_id: str | None = None
    alert: bool = False
    for_sites: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log with what the sites in reach said to it."""

    learning: Learning
    receipts: Sequence[Receipt]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A site's huddle sheet of a month.

    Attributes:
        learned: At most three entries of the month, those of the site first.
        changed: Tasks of the site that were completed in the month.
        reports: How many reports staff sent in the month.
        question: What the data ask this site, where a signal is open.
        shared: With whom it was shared.
        first: The month of the site's first report; None where none is known.
    """

    site_id: str
    month: date
    learned: Sequence[Learning]
    changed: Sequence[Task]
    reports: int
    question: str | None
    shared: Huddle
    first: date | None


class LearningDesk:
    """The acts and the reading.

    Args:
        transactions: Runs the acts.
        book: Where learning is read.
        places: Names and numbers of sites.
        store: Where sites, tasks and signals are known.
        desk: Says what is in reach.
        clock: The source of now.
        domains: The words that name domains.
    """

    def __init__(
        self,
        transactions: LearningTransactions,
        book: LearningBook,
        places: Places,
        store: Store,
        desk: Desk,
        clock: Clock,
        domains: Sequence[str],
    ) -> None:
        self._transactions = transactions
        self._book = book
        self._places = places
        self._store = store
        self._desk = desk
        self._clock = clock
        self._domains = frozenset(domains)

    async def publish(self, who: Who, asked: Publication) -> Learning:
        """Write an entry into the log; the same words on the same day are written once.

        Raises:
            NotFound: the site, the action or the signal is not known here.
            Forbidden: somebody of single sites speaks for all, or alerts others.
            Invalid: words are missing or too long, a domain is none, or what it refers to is held from its site.
        """
        you_said, we_did = _said(asked.you_said, "you_said"), _said(asked.we_did, "we_did")
        if unknown := [name for name in asked.domains if name not in self._domains]:
            raise Invalid("there is no such domain", (Fault(f"{unknown[0][:64]} is none", "domains"),))
        await self._refuse_reach(who, asked)
        verdict = await self._linked(who, asked)
        now = self._clock.now()
        made = learning.publish(
            Learning(
                learning_id="",
                provider_id=who.provider_id,
                site_id=asked.site_id,
                version=1,
                status=learning.PUBLISHED,
                you_said=you_said,
                we_did=we_did,
                domains=tuple(dict.fromkeys(asked.domains)),
                action_id=asked.action_id,
                signal_id=asked.signal_id,
                verdict=verdict,
                alert=asked.alert,
                for_sites=tuple(dict.fromkeys(asked.for_sites)) if asked.alert else (),
                published_at=now,
                published_on=london_date(now),
                published_by_role=who.role,
                by=who.principal.subject,
            )
        )

        async def work(work: LearningWork) -> Learning:
            known = await work.learning.load(who.provider_id, made.learning_id)
            if known is not None:
                return known
            await work.learning.save(made, who.role)
            return made

        return await self._transactions.run(work)

    async def withdraw(self, who: Who, learning_id: str, version: int) -> Learning:
        """Take an entry out of the log; see `domain.learning.withdraw`.

        Raises:
            NotFound: there is no such entry.
            Forbidden: it is another site's.
        """

        async def work(work: LearningWork) -> Learning:
            entry = _known(learning_id, await work.learning.load(who.provider_id, learning_id))
            if who.principal.sites is not None and not (entry.site_id and who.principal.may_see_site(entry.site_id)):
                raise Forbidden("this entry is not of your sites; ask the group's governance lead")
            gone = learning.withdraw(entry, version)
            await work.learning.save(gone, who.role)
            return gone

        return await self._transactions.run(work)

    async def receive(self, who: Who, learning_id: str, site_id: str, acted: bool, note: str | None) -> Receipt:
        """Note that a site received an alert, or acted on it; see `domain.learning.receive`.

        Raises:
            NotFound: the entry or the site is not known here.
            Conflict: it is no alert for the site.
        """
        words = redacted_words(note, "note")
        await self._refuse_unknown_site(who, site_id)

        async def work(work: LearningWork) -> Receipt:
            entry = _known(learning_id, await work.learning.load(who.provider_id, learning_id))
            known = await work.learning.receipt(who.provider_id, learning_id, site_id)
            said = learning.receive(known, entry, site_id, acted, words, who.role, work.now)
            if said is not known:
                await work.learning.save_receipt(said, who.role)
            return said

        return await self._transactions.run(work)

    async def log(self, who: Who, limit: int = LOG_MAX) -> list[Entry]:
        """Return the log, the newest first; learning is for all sites, what each said for those who see it."""
        found = await self._book.learning_list(who.provider_id, None, None, limit)
        receipts = await self._book.receipts(who.provider_id, [entry.learning_id for entry in found if entry.alert])
        seen = [receipt for receipt in receipts if who.principal.may_see_site(receipt.site_id)]
        return [Entry(entry, [r for r in seen if r.learning_id == entry.learning_id]) for entry in found]

    async def entry(self, who: Who, learning_id: str) -> Entry:
        """Return one entry.

        Raises:
            NotFound: there is none.
        """
        entry = _known(learning_id, await self._book.learning(who.provider_id, learning_id))
        receipts = await self._book.receipts(who.provider_id, [learning_id])
        return Entry(entry, [receipt for receipt in receipts if who.principal.may_see_site(receipt.site_id)])

    async def sheet(self, who: Who, site_id: str, month: date) -> Sheet:
        """Return a site's huddle sheet of a month.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        await self._refuse_unknown_site(who, site_id)
        first = huddles.month_of(month)
        last = _month_end(first)
        learned = await self._learned(who, site_id, first)
        key = huddles.huddle_id(who.provider_id, site_id, first)
        known = await self._book.huddle(who.provider_id, key)
        wanted = Wanted(who.provider_id, frozenset({site_id}), (COMPLETED, VERIFIED), False, LOG_MAX)
        tasks = await self._store.task_list(wanted)
        changed = [
            task for task in tasks if task.completed_at is not None and first <= london_date(task.completed_at) <= last
        ]
        asking = await self._store.signal_list(Wanted(who.provider_id, frozenset({site_id}), (OPEN,), False, 1))
        earliest = await self._places.first_report_on(who.provider_id, site_id)
        return Sheet(
            site_id=site_id,
            month=first,
            learned=learned,
            changed=changed[:SHEET_ENTRIES],
            reports=await self._places.months_reports(who.provider_id, site_id, first, last),
            question=asking[0].question if asking else None,
            shared=known or Huddle(key, who.provider_id, site_id, 0, first),
            first=None if earliest is None else huddles.month_of(earliest),
        )

    async def shared(self, who: Who, month: date) -> dict[str, Huddle]:
        """Return by site with whom the sheets of a month were shared, for the sites in reach."""
        found = await self._book.huddle_list(who.provider_id, huddles.month_of(month))
        return {sheet.site_id: sheet for sheet in found if who.principal.may_see_site(sheet.site_id)}

    async def share(self, who: Who, site_id: str, month: date, said: ShiftTold) -> Huddle:
        """Note that the sheet was shared with a shift; see `domain.huddles.shared_with`.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        await self._refuse_unknown_site(who, site_id)
        first = huddles.month_of(month)
        on_it = [entry.learning_id for entry in await self._learned(who, site_id, first)]
        key = huddles.huddle_id(who.provider_id, site_id, first)

        async def work(work: LearningWork) -> Huddle:
            known = await work.learning.huddle(who.provider_id, key)
            before = known or Huddle(key, who.provider_id, site_id, 0, first)
            after = huddles.shared_with(before, said, on_it, london_date(work.now))
            if after is not before:
                await work.learning.save_huddle(after, who.role)
            return after

        return await self._transactions.run(work)

    async def _learned(self, who: Who, site_id: str, first: date) -> list[Learning]:
        found = await self._book.learning_list(who.provider_id, first, _month_end(first), LOG_MAX)
        standing = [entry for entry in found if entry.status == learning.PUBLISHED]
        return sorted(standing, key=lambda entry: entry.site_id != site_id)[:SHEET_ENTRIES]

    async def _refuse_reach(self, who: Who, asked: Publication) -> None:
        if asked.site_id is not None:
            await self._refuse_unknown_site(who, asked.site_id)
        wide = who.principal.sites is None and any(role in who.principal.roles for role in ALERTING)
        if not wide and (asked.site_id is None or asked.alert):
            raise Forbidden("only governance or safeguarding of all sites write for all sites, or alert them")
        for site_id in asked.for_sites:
            await self._refuse_unknown_site(who, site_id)

    async def _refuse_unknown_site(self, who: Who, site_id: str) -> None:
        if not who.principal.may_see_site(site_id) or not await self._store.site_known(who.provider_id, site_id):
            raise NotFound(f"site {site_id} is not known here")

    async def _linked(self, who: Who, asked: Publication) -> str | None:
        """Check what the entry refers to, and return the verdict on its action: the log is for all to read."""
        if asked.signal_id is not None:
            signal = await self._store.signal(who.provider_id, asked.signal_id)
            if signal is None or not who.reaches(signal.site_id, signal.visibility):
                raise NotFound(f"signal {asked.signal_id} is not known here")
            _refuse_held(signal.visibility, "signal_id")
        if asked.action_id is None:
            return None
        task, _ = await self._desk.read(who, asked.action_id)
        _refuse_held(task.visibility, "action_id")
        evaluation = await self._store.evaluation_of(who.provider_id, asked.action_id)
        return evaluation.verdict.verdict if evaluation is not None and evaluation.verdict is not None else None


def _refuse_held(visibility: str, field: str) -> None:
    if visibility == HELD:
        raise Invalid("the log is for all to read", (Fault("is held from its site; release it first", field),))


def _month_end(first: date) -> date:
    return huddles.month_of(first + timedelta(days=31)) - timedelta(days=1)


def _known(learning_id: str, entry: Learning | None) -> Learning:
    if entry is None:
        raise NotFound(f"learning {learning_id} is not known here")
    return entry


def _said(typed: str, name: str) -> str:
    words = redacted_words(typed, name)
    if words is None:
        raise Invalid("the entry is not complete", (Fault("must not be blank", name),))
    return words
