"""What people do with tasks, and what they may read of tasks and signals."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain import tasks
from services.actions.domain.facts import HELD
from services.actions.domain.management_log import ACCEPTED, COMPLETED, STARTED, task_line
from services.actions.domain.tasks import Task
from services.actions.ports import Act, HistoryLine, Store, Wanted, Work
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import Principal, Role
from shared.redaction import redact
from shared.taxonomy.model import Playbook

ACTING = (Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING)
WORDS_MAX = 200
FILE_NAME = re.compile(r"[^/\\\x00-\x1f]{1,120}\.[A-Za-z0-9]{1,8}")

ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:/-]{0,63}")


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """What shows that a step was done, as it was typed: a note, a count, the name of a file that is kept elsewhere."""

    note: str | None = None
    count: int | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody who acts on a task.

    Attributes:
        principal: Who is asking.
        provider_id: The tenant to work on.
    """

    principal: Principal
    provider_id: str

    @property
    def role(self) -> str:
        """Return the role that is written down: the first acting one."""
        return next(role.value for role in ACTING if role in self.principal.roles)

    @property
    def reads_words(self) -> bool:
        """Tell whether what people typed is in reach; analysts get numbers without words."""
        return any(role in self.principal.roles for role in ACTING)

    def shown(self, task: Task) -> Task:
        """Return a task as this reader gets it."""
        return task if self.reads_words else tasks.without_words(task)

    def sees(self, task: Task) -> bool:
        """Tell whether a task of the own tenant is in reach."""
        return self.reaches(task.site_id, task.visibility)

    def reaches(self, site_id: str, visibility: str) -> bool:
        """Tell whether something of a site, held from it or not, is in reach."""
        return self.principal.may_see_site(site_id) and (visibility != HELD or self.principal.sees_held)


class Desk:
    """The acts and the reading.

    Args:
        store: The service's database.
        playbooks: The remedies by id.
    """

    def __init__(self, store: Store, playbooks: Mapping[str, Playbook]) -> None:
        self._store = store
        self._playbooks = playbooks

    async def accept(self, who: Who, action_id: str, version: int, due_on: date, owner_role: str | None) -> Task:
        """Take a task on; see `domain.tasks.accept`.

        Raises:
            NotFound: there is no such task in reach.
        """

        def change(task: Task, now: datetime) -> Task:
            return tasks.accept(task, version, due_on, owner_role, london_date(now), now)

        return await self.act(who, action_id, "ActionAccepted", change, logged=ACCEPTED)

    async def decline(self, who: Who, action_id: str, version: int, reason: str) -> Task:
        """Decide against a task; see `domain.tasks.decline`.

        Raises:
            NotFound: there is no such task in reach.
            Invalid: the reason is blank or too long.
        """
        words = redacted_words(reason, "reason")
        if not words:
            raise Invalid("say why the action is declined", (Fault("must not be blank", "reason"),))
        return await self.act(
            who, action_id, "ActionDeclined", lambda task, now: tasks.decline(task, version, words, now), words
        )

    async def complete_step(self, who: Who, action_id: str, version: int, step_id: str, evidence: StepEvidence) -> Task:
        """Tick a step; see `domain.tasks.complete_step`.

        Raises:
            NotFound: there is no such task or step in reach.
            Invalid: the note is too long, or the file name is none.
        """
        words, file = redacted_words(evidence.note, "note"), redacted_words(evidence.file, "file")
        if file is not None and not FILE_NAME.fullmatch(file):
            detail = "a file name with its ending and without folders, such as checklist-march.pdf"
            raise Invalid("the file reference is no file name", (Fault(detail, "file"),))

        def change(task: Task, now: datetime) -> Task:
            return tasks.complete_step(task, version, step_id, who.role, words, now, evidence.count, file)

        return await self.act(who, action_id, "ActionStepCompleted", change, words, logged=STARTED)

    async def complete(self, who: Who, action_id: str, version: int) -> Task:
        """Close a task; see `domain.tasks.complete`.

        Raises:
            NotFound: there is no such task in reach.
        """

        def change(task: Task, now: datetime) -> Task:
            return tasks.complete(task, version, now, who.principal.subject)

        return await self.act(who, action_id, "ActionCompleted", change, logged=COMPLETED)

    async def read(self, who: Who, action_id: str) -> tuple[Task, list[HistoryLine]]:
        """Return a task with what became of it; what was done while it was held stays with those who see held things.

        Raises:
            NotFound: there is no such task in reach.
        """
        found = await self._store.task(who.provider_id, action_id)
        if found is None or not who.sees(found[0]):
            raise unknown_action(action_id)
        lines = [line for line in found[1] if who.principal.sees_held or line.visibility != HELD]
        return who.shown(found[0]), [line if who.reads_words else replace(line, words=None) for line in lines]

    async def task_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Task]:
        """Return the tasks in reach, newest proposal first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._store.task_list(await self.wanted(who, site_id, statuses, limit, after))
        return [who.shown(task) for task in found]

    async def wanted(
        self,
        who: Who,
        site_id: str | None,
        statuses: Sequence[str],
        limit: int,
        after: tuple[datetime | date, str] | None,
    ) -> Wanted:
        """Say what a reader asks for, within what is in reach.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        sites = who.principal.sites
        if site_id is not None:
            if not who.principal.may_see_site(site_id) or not await self._store.site_known(who.provider_id, site_id):
                raise NotFound(f"site {site_id} is not known here")
            sites = frozenset({site_id})
        return Wanted(who.provider_id, sites, statuses, who.principal.sees_held, limit, after)

    async def act(
        self,
        who: Who,
        action_id: str,
        event: str,
        change: Callable[[Task, datetime], Task],
        words: str | None = None,
        logged: str | None = None,
    ) -> Task:
        """Change a task in reach, in one transaction with its history line and its event.

        Args:
            who: Who acts.
            action_id: The task.
            event: The event's type word.
            change: Makes the new state of the old one and the present moment.
            words: What was said with it, redacted.
            logged: What the management log calls it; None where it is no line of the log.

        Raises:
            NotFound: there is no such task in reach.
        """

        async def work(work: Work) -> Task:
            task = await work.tasks.load(who.provider_id, action_id)
            if task is None or not who.sees(task):
                raise unknown_action(action_id)
            changed = change(task, work.now)
            await work.tasks.save(changed, Act(event, who.role, who.principal.subject, work.now, words))
            if logged is not None:
                await self._log(work, changed, logged, who)
            return changed

        return await self._store.run(work)

    async def _log(self, work: Work, task: Task, kind: str, who: Who) -> None:
        """Note an act in the management log, once: of all steps only the first begins the task."""
        playbook = self._playbooks.get(task.playbook_id)
        by = (who.role, who.principal.subject)
        entry = task_line(task, kind, playbook.pattern if playbook else None, by, london_date(work.now), work.now)
        if not await work.log.holds(entry.line_id):
            await work.log.add(entry)


def unknown_action(action_id: str) -> NotFound:
    """Say that there is no such task in reach."""
    return NotFound(f"action {action_id} is not known here")


def redacted_words(typed: str | None, name: str) -> str | None:
    """Take personal data out of what somebody typed; blank is nothing.

    Args:
        typed: What was typed; None where nothing was.
        name: The field's name, for the error.

    Raises:
        Invalid: it is too long, as typed or once names and numbers were replaced.
    """
    if typed is None or not typed.strip():
        return None
    if len(typed) > WORDS_MAX:
        raise Invalid(f"the {name} is too long", (Fault(f"at most {WORDS_MAX} characters", name),))
    words = str(redact(typed.strip()).text)
    if len(words) > WORDS_MAX:
        detail = f"at most {WORDS_MAX} characters after names and numbers were replaced; shorten it"
        raise Invalid(f"the {name} is too long", (Fault(detail, name),))
    return words


def refuse_wordy_asset(name: str, field: str) -> None:
    """Refuse what is no asset's reference, or names a person beside it.

    Args:
        name: What was typed.
        field: The field's name, for the error.

    Raises:
        Invalid: it is too long, has signs that no reference has, or redaction would change it.
    """
    if not ASSET.fullmatch(name) or redacted_words(name, field) != name:
        detail = "an asset is named by its reference, such as hoist 3: at most 64 letters and digits, and no person"
        raise Invalid("there is no such reference", (Fault(detail, field),))
