"""What people do with tasks, and what they may read of tasks and signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain import tasks
from services.actions.domain.facts import HELD
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from services.actions.ports import Act, HistoryLine, Store, Wanted, Work
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import Principal, Role
from shared.redaction import redact

ACTING = (Role.MANAGER, Role.GOVERNANCE, Role.SAFEGUARDING)
WORDS_MAX = 200


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
        return self.principal.may_see_site(task.site_id) and (task.visibility != HELD or self.principal.sees_held)


class Desk:
    """The acts and the reading.

    Args:
        store: The service's database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def accept(self, who: Who, action_id: str, version: int, due_on: date, owner_role: str | None) -> Task:
        """Take a task on; see `domain.tasks.accept`.

        Raises:
            NotFound: there is no such task in reach.
        """

        def change(task: Task, now: datetime) -> Task:
            return tasks.accept(task, version, due_on, owner_role, london_date(now), now)

        return await self._act(who, action_id, "ActionAccepted", change)

    async def decline(self, who: Who, action_id: str, version: int, reason: str) -> Task:
        """Decide against a task; see `domain.tasks.decline`.

        Raises:
            NotFound: there is no such task in reach.
            Invalid: the reason is blank or too long.
        """
        words = _words(reason, "reason")
        if not words:
            raise Invalid("say why the action is declined", (Fault("must not be blank", "reason"),))
        return await self._act(
            who, action_id, "ActionDeclined", lambda task, now: tasks.decline(task, version, words, now), words
        )

    async def complete_step(self, who: Who, action_id: str, version: int, step_id: str, note: str | None) -> Task:
        """Tick a step; see `domain.tasks.complete_step`.

        Raises:
            NotFound: there is no such task or step in reach.
            Invalid: the note is too long.
        """
        words = _words(note, "note")

        def change(task: Task, now: datetime) -> Task:
            return tasks.complete_step(task, version, step_id, who.role, words, now)

        return await self._act(who, action_id, "ActionStepCompleted", change, words)

    async def complete(self, who: Who, action_id: str, version: int) -> Task:
        """Close a task; see `domain.tasks.complete`.

        Raises:
            NotFound: there is no such task in reach.
        """
        return await self._act(who, action_id, "ActionCompleted", lambda task, now: tasks.complete(task, version, now))

    async def read(self, who: Who, action_id: str) -> tuple[Task, list[HistoryLine]]:
        """Return a task with what became of it; what was done while it was held stays with those who see held things.

        Raises:
            NotFound: there is no such task in reach.
        """
        found = await self._store.task(who.provider_id, action_id)
        if found is None or not who.sees(found[0]):
            raise _unknown(action_id)
        lines = [line for line in found[1] if who.principal.sees_held or line.visibility != HELD]
        return who.shown(found[0]), [line if who.reads_words else replace(line, words=None) for line in lines]

    async def task_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[Task]:
        """Return the tasks in reach, newest proposal first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._store.task_list(await self._wanted(who, site_id, statuses, limit, after))
        return [who.shown(task) for task in found]

    async def signal_list(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[date, str] | None
    ) -> list[Signal]:
        """Return the signals in reach, last raised first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        return await self._store.signal_list(await self._wanted(who, site_id, statuses, limit, after))

    async def _wanted(
        self,
        who: Who,
        site_id: str | None,
        statuses: Sequence[str],
        limit: int,
        after: tuple[datetime | date, str] | None,
    ) -> Wanted:
        sites = who.principal.sites
        if site_id is not None:
            if not who.principal.may_see_site(site_id) or not await self._store.site_known(who.provider_id, site_id):
                raise NotFound(f"site {site_id} is not known here")
            sites = frozenset({site_id})
        return Wanted(who.provider_id, sites, statuses, who.principal.sees_held, limit, after)

    async def _act(
        self,
        who: Who,
        action_id: str,
        event: str,
        change: Callable[[Task, datetime], Task],
        words: str | None = None,
    ) -> Task:
        async def work(work: Work) -> Task:
            task = await work.tasks.load(who.provider_id, action_id)
            if task is None or not who.sees(task):
                raise _unknown(action_id)
            changed = change(task, work.now)
            await work.tasks.save(changed, Act(event, who.role, who.principal.subject, work.now, words))
            return changed

        return await self._store.run(work)


def _unknown(action_id: str) -> NotFound:
    return NotFound(f"action {action_id} is not known here")


def _words(typed: str | None, name: str) -> str | None:
    """Take personal data out of what somebody typed; blank is nothing."""
    if typed is None or not typed.strip():
        return None
    if len(typed) > WORDS_MAX:
        raise Invalid(f"the {name} is too long", (Fault(f"at most {WORDS_MAX} characters", name),))
    words = str(redact(typed.strip()).text)
    if len(words) > WORDS_MAX:
        detail = f"at most {WORDS_MAX} characters after names and numbers were replaced; shorten it"
        raise Invalid(f"the {name} is too long", (Fault(detail, name),))
    return words
