"""What else people do with tasks: open one by hand, start, change, comment on, verify and reopen it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain import task_acts, tasks
from services.actions.domain.asset_register import refuse_unknown
from services.actions.domain.facts import HELD
from services.actions.domain.strength import plan_warning
from services.actions.domain.task_acts import Written
from services.actions.domain.tasks import DECLINED, FREE, LAPSED, STATUSES, Task
from services.actions.ports import Act, SiteKey, Store
from services.actions.usecases.desk import Desk, Who, redacted_words, refuse_wordy_asset, unknown_action
from services.actions.usecases.remedy_ports import RemedyWork, RoutineBook, Transactions
from shared.kernel.clock import london_date
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.taxonomy.model import Playbook

COUNTS_IN_PLAN = tuple(status for status in STATUSES if status not in (DECLINED, LAPSED))


@dataclass(frozen=True, slots=True)
class Opening:
    """A task that somebody opens: from a playbook, or written freely.

    Attributes:
        playbook_id: The playbook; None where `written` says what is to be done.
        written: What is to be done; None where the playbook says it.
        report_ids: Reports of the site that it answers.
        signal_id: The early warning of the site that it answers.
        asset: The asset that it is about.
    """

    site_id: str
    playbook_id: str | None = None
    written: Written | None = None
    report_ids: Sequence[str] = ()
    signal_id: str | None = None
    asset: str | None = None


class TaskDesk:
    """The acts beyond deciding and ticking, and what is said of a plan.

    Args:
        transactions: Runs the acts.
        store: Where sites are known.
        book: Where related tasks are found.
        desk: The other acts.
        playbooks: The remedies by id.
    """

    def __init__(
        self,
        transactions: Transactions,
        store: Store,
        book: RoutineBook,
        desk: Desk,
        playbooks: Mapping[str, Playbook],
    ) -> None:
        self._transactions = transactions
        self._store = store
        self._book = book
        self._desk = desk
        self.playbooks = playbooks

    async def open(self, who: Who, opening: Opening) -> Task:
        """Open a task by hand; it is a proposal that somebody then accepts.

        Raises:
            NotFound: the site, or the playbook, is not known here.
            Invalid: it names neither or both of playbook and words, or a report or signal that is not the site's.
            Conflict: the site has an open task of the playbook already.
        """
        site = (who.provider_id, opening.site_id)
        if not who.principal.may_see_site(opening.site_id) or not await self._store.site_known(*site):
            raise NotFound(f"site {opening.site_id} is not known here")
        if (opening.playbook_id is None) == (opening.written is None):
            raise Invalid(
                "name a playbook, or say what is to be done",
                (Fault("either a playbook, or title and steps: not both and not neither", "playbook"),),
            )
        if opening.asset is not None:
            refuse_wordy_asset(opening.asset, "asset")
        written = _redacted(opening.written) if opening.written else None
        playbook = None
        if opening.playbook_id is not None and (playbook := self.playbooks.get(opening.playbook_id)) is None:
            raise Invalid("there is no such playbook", (Fault("see /v1/playbooks", "playbook"),))

        async def work(work: RemedyWork) -> Task:
            visibility = await self._linked(who, opening, work)
            if opening.asset is not None:
                register = await work.assets.of_site(site)
                refuse_unknown([opening.asset], "asset", register, london_date(work.now))
            ordinal = 1 + await work.tasks.ordinal(site, playbook.id if playbook else FREE)
            if playbook is not None:
                await _refuse_second(site, playbook.id, visibility, work)
                task = tasks.propose(playbook, *site, ordinal, opening.report_ids, visibility, work.now)
            else:
                assert written is not None, "one of the two was asked for"
                task = task_acts.write(written, *site, ordinal, visibility, work.now)
            task = replace(task, report_ids=tuple(opening.report_ids), signal_id=opening.signal_id, asset=opening.asset)
            await work.tasks.save(task, Act("ActionProposed", who.role, who.principal.subject, work.now))
            return task

        return await self._transactions.run(work)

    async def start(self, who: Who, action_id: str, version: int) -> Task:
        """Begin the work; see `domain.task_acts.start`."""
        return await self._desk.act(who, action_id, "ActionStarted", lambda task, _: task_acts.start(task, version))

    async def change(self, who: Who, action_id: str, version: int, due_on: date | None, owner_role: str | None) -> Task:
        """Move the date or the owner; see `domain.task_acts.change`."""
        return await self._desk.act(
            who,
            action_id,
            "ActionChanged",
            lambda task, now: task_acts.change(task, version, due_on, owner_role, london_date(now)),
        )

    async def comment(self, who: Who, action_id: str, version: int, typed: str) -> Task:
        """Say something about a task; the words stay here, in its history.

        Raises:
            Invalid: there are no words, or too many.
        """
        words = _said(typed, "comment")
        return await self._desk.act(
            who, action_id, "ActionChanged", lambda task, _: task_acts.comment(task, version), words
        )

    async def verify(self, who: Who, action_id: str, version: int) -> Task:
        """Note that somebody else has seen that it is done; see `domain.task_acts.verify`."""

        def change(task: Task, now: datetime) -> Task:
            return task_acts.verify(task, version, who.principal.subject, who.role, now)

        return await self._desk.act(who, action_id, "ActionVerified", change)

    async def reopen(self, who: Who, action_id: str, version: int, reason: str, again: Collection[str]) -> Task:
        """Open a closed task once more; see `domain.task_acts.reopen`.

        Raises:
            NotFound: there is no such task in reach.
            Conflict: also where the site has another open task of the playbook by now.
        """
        words = _said(reason, "reason")

        async def work(work: RemedyWork) -> Task:
            task = await work.tasks.load(who.provider_id, action_id)
            if task is None or not who.sees(task):
                raise unknown_action(action_id)
            changed = task_acts.reopen(task, version, again)
            if task.playbook_id != FREE:
                await _refuse_second((task.provider_id, task.site_id), task.playbook_id, task.visibility, work)
            await work.tasks.save(changed, Act("ActionReopened", who.role, who.principal.subject, work.now, words))
            return changed

        return await self._transactions.run(work)

    async def warning(self, who: Who, task: Task) -> str | None:
        """Say what to think about where the plan has only weaker actions.

        The plan is the task with the other tasks of its site that answer one of its reports or its signal.
        """
        if task.status in (DECLINED, LAPSED):
            return None
        others = await self._book.related(task, who.principal.sees_held, COUNTS_IN_PLAN)
        return plan_warning([task.strength, *others])

    async def _linked(self, who: Who, opening: Opening, work: RemedyWork) -> str:
        """Check what the task refers to, and return whether the site may see it: site or held."""
        seen = {"site"}
        if len(opening.report_ids) > tasks.LINKED_MAX or len(set(opening.report_ids)) != len(opening.report_ids):
            raise _bad_link(f"at most {tasks.LINKED_MAX} reports, each once", "reports")
        for report_id in opening.report_ids:
            fact = await work.facts.report(who.provider_id, report_id)
            evidence = fact.evidence() if fact is not None else None
            visibility = HELD if evidence is not None and evidence.held else "site"
            if evidence is None or evidence.site_id != opening.site_id or not who.reaches(evidence.site_id, visibility):
                raise _bad_link("names a report that is not known at this site", "reports")
            seen.add(visibility)
        if opening.signal_id is not None:
            found = await work.links.signal(who.provider_id, opening.signal_id)
            if found is None or found[0] != opening.site_id or not who.reaches(*found):
                raise _bad_link("names a signal that is not known at this site", "signal_id")
            seen.add(found[1])
        return HELD if HELD in seen else "site"


async def _refuse_second(site: SiteKey, playbook_id: str, visibility: str, work: RemedyWork) -> None:
    """Refuse a second open task of a playbook: the fold links further reports to the one that there is."""
    lanes = (await work.tasks.lanes([site])).get((*site, playbook_id))
    known = None if lanes is None else lanes.held if visibility == HELD else lanes.site
    if known is not None:
        raise Conflict(f"site {site[1]} has an open action of playbook {playbook_id} already: {known.action_id}")


def _redacted(written: Written) -> Written:
    return replace(
        written,
        title=_said(written.title, "title"),
        process_measure=redacted_words(written.process_measure, "process_measure"),
        steps=[
            (_said(title, f"steps.{number}.title"), redacted_words(asked, f"steps.{number}.evidence_asked"))
            for number, (title, asked) in enumerate(written.steps)
        ],
    )


def _said(typed: str, name: str) -> str:
    words = redacted_words(typed, name)
    if words is None:
        raise Invalid(f"the {name} is blank", (Fault("must not be blank", name),))
    return words


def _bad_link(detail: str, field: str) -> Invalid:
    return Invalid("the action cannot refer to that", (Fault(detail, field),))
