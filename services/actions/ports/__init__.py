"""What the use cases of actions need from the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from services.actions.domain.duties import Duty
from services.actions.domain.escalations import Decision
from services.actions.domain.evaluations import Evaluation
from services.actions.domain.exposure import Exposure
from services.actions.domain.facts import Evidence, Fact
from services.actions.domain.management_log import LogEntry
from services.actions.domain.matching import Lanes
from services.actions.domain.progress import Progress, Targets
from services.actions.domain.signals import Signal
from services.actions.domain.tasks import Task
from services.actions.ports.assets import Assets
from services.actions.ports.watching import ManagementLog, Watch
from shared.taxonomy.model import PlaybookPattern

T = TypeVar("T")
SiteKey = tuple[str, str]
"""Provider and site."""
FactKey = tuple[str, str, str]
"""Provider, site and report."""
LaneKey = tuple[str, str, str]
"""Provider, site and playbook."""
CouncilsByDay = tuple[tuple[date, tuple[str, ...]], ...]
"""A site's councils from which day on, oldest first."""


@dataclass(frozen=True, slots=True)
class SiteCard:
    """What is needed of a site: that it exists, and from which day on its names, councils, settings and sizes."""

    provider_id: str
    site_id: str
    names: tuple[tuple[date, str], ...]
    revision: int
    first_seen_on: date
    councils: tuple[tuple[date, tuple[str, ...]], ...] = ()
    kinds: tuple[tuple[date, str, int | None], ...] = ()


@dataclass(frozen=True, slots=True)
class ProviderCard:
    """What is needed of a provider; `first_seen_on` is the day on which it, or its first site, was registered."""

    provider_id: str
    name: str
    revision: int
    first_seen_on: date


@dataclass(frozen=True, slots=True)
class EvidenceAsk:
    """Which reports a match could need: those of a site that may fit a pattern, told in a span of days."""

    provider_id: str
    site_id: str
    pattern: PlaybookPattern
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what to a task, for its history and its event.

    Attributes:
        event: The event's type word.
        by_role: The role that acted; system for the service itself.
        by: Opaque id of the user or key; empty for the service itself.
        at: When it counts from.
        words: What was said with it, redacted.
        replay: Whether it comes from replayed history.
    """

    event: str
    by_role: str
    by: str
    at: datetime
    words: str | None = None
    replay: bool = False


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a task's history."""

    version: int
    act: str
    at: datetime
    by_role: str
    by: str
    status: str
    visibility: str
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks, signals, evaluations or lines a reader asks for, within what he may see.

    Attributes:
        sites: The sites in question; None for all of the provider.
        statuses: The statuses in question; none asks nothing of what has no status.
        held: Whether held ones are in reach.
        limit: At most so many, 1 or more.
        after: Go on behind this place in the order; None from the start.
    """

    provider_id: str
    sites: frozenset[str] | None
    statuses: Sequence[str]
    held: bool
    limit: int
    after: tuple[datetime | date, str] | None = None


class Facts(Protocol):
    """The registry, reports and exposure, inside a transaction."""

    async def keep_registry(self, sites: Sequence[SiteCard], providers: Sequence[ProviderCard]) -> None:
        """Store the newest revision of each."""
        ...

    async def keep_exposure(self, periods: Sequence[Exposure]) -> None:
        """Store the highest revision of each site, unit and period."""
        ...

    async def load(self, keys: Collection[FactKey]) -> dict[FactKey, Fact]:
        """Return what is known of reports; unknown ones are left out."""
        ...

    async def save(self, facts: Collection[Fact]) -> None:
        """Store facts, and order this transaction with others that change the same sites."""
        ...

    async def report(self, provider_id: str, report_id: str) -> Fact | None:
        """Return what is known of one report of a provider, wherever it was told; None where intake told nothing."""
        ...

    async def councils(self, sites: Collection[SiteKey]) -> dict[SiteKey, CouncilsByDay]:
        """Return the councils of sites; sites that nobody registered are left out."""
        ...

    async def evidence(self, asks: Sequence[EvidenceAsk]) -> dict[SiteKey, list[Evidence]]:
        """Return at least the reports asked for, each once, by site."""
        ...


class Tasks(Protocol):
    """Remedial tasks, inside a transaction."""

    async def lanes(self, sites: Collection[SiteKey]) -> dict[LaneKey, Lanes]:
        """Return what tasks there are at sites, by playbook."""
        ...

    async def ordinal(self, site: SiteKey, playbook_id: str) -> int:
        """Return how many tasks of a playbook a site has had; FREE for those without one."""
        ...

    async def load(self, provider_id: str, action_id: str) -> Task | None:
        """Return one task of a provider."""
        ...

    async def overdue_of_signals(self, provider_id: str, today: date) -> list[Task]:
        """Return tasks under way that answer a signal and whose day has passed."""
        ...

    async def undecided(self, provider_id: str, before: datetime) -> list[Task]:
        """Return proposals made before a moment, the longest first."""
        ...

    async def late(self, provider_id: str, due_until: date, last_role: str) -> list[Task]:
        """Return tasks under way that were due until a day and are not with the last role, the longest first."""
        ...

    async def save(self, task: Task, act: Act) -> None:
        """Store a new state with its history line and its event."""
        ...


class Signals(Protocol):
    """Early warnings and evaluations, inside a transaction."""

    async def load(self, provider_id: str, ids: Collection[str]) -> dict[str, Signal]:
        """Return signals of a provider; unknown ones are left out."""
        ...

    async def save(self, signal: Signal, word: str, at: datetime, replay: bool = False, by_role: str = "") -> None:
        """Store a new state with its event: raised, updated, closed or reviewed."""
        ...

    async def know_evaluations(self, provider_id: str, ids: Collection[str]) -> None:
        """Look up how far evaluations are, before they are saved."""
        ...

    async def verdicts(self, provider_id: str, ids: Collection[str]) -> dict[str, str]:
        """Return the verdicts that hold, by evaluation, those saved in this transaction included."""
        ...

    async def save_evaluation(self, state: Evaluation, event: str | None, at: datetime, replay: bool) -> None:
        """Store a new state, and its event where somebody is to be told."""
        ...


class Duties(Protocol):
    """Duties and decisions on escalation, inside a transaction."""

    async def of_reports(self, keys: Collection[FactKey]) -> dict[str, Duty]:
        """Return the duties of reports by id."""
        ...

    async def going_to_councils(self, known: Mapping[SiteKey, CouncilsByDay]) -> list[Duty]:
        """Return the duties at sites that go to a council."""
        ...

    async def unanswered(self, provider_id: str, first: datetime, last: datetime, after: Collection[str]) -> list[Duty]:
        """Return questions asked in a span of time that nobody answered and that are not with one of some roles."""
        ...

    async def guard(self, sites: Collection[SiteKey]) -> None:
        """Make two transactions meet of which one changes a site's councils and the other reads them."""
        ...

    async def load(self, provider_id: str, duty_id: str) -> Duty | None:
        """Return one duty of a provider."""
        ...

    async def save(self, duty: Duty, act: Act) -> None:
        """Store a new state with its history line and its event."""
        ...

    async def decision(self, provider_id: str, report_id: str) -> Decision | None:
        """Return what was decided of a report's escalation."""
        ...

    async def save_decision(self, decision: Decision, act: Act) -> None:
        """Store a new state with its history line and its event."""
        ...


class Work(Protocol):
    """One try of one transaction."""

    @property
    def now(self) -> datetime:
        """Return the moment of the transaction."""
        ...

    @property
    def assets(self) -> Assets:
        """Return the register of assets."""
        ...

    @property
    def facts(self) -> Facts:
        """Return the facts."""
        ...

    @property
    def tasks(self) -> Tasks:
        """Return the tasks."""
        ...

    @property
    def signals(self) -> Signals:
        """Return the signals."""
        ...

    @property
    def duties(self) -> Duties:
        """Return the duties and the decisions on escalation."""
        ...

    @property
    def log(self) -> ManagementLog:
        """Return the management log."""
        ...

    @property
    def watch(self) -> Watch:
        """Return what review runs leave behind."""
        ...


class Store(Protocol):
    """The service's database outside the fold.

    Every method raises Unavailable where the engine is away; nothing is then half-done.
    """

    async def run(self, work: Callable[[Work], Awaitable[T]]) -> T:
        """Run work in one transaction, again where it met another one."""
        ...

    async def site_known(self, provider_id: str, site_id: str) -> bool:
        """Tell whether a site exists."""
        ...

    async def task(self, provider_id: str, action_id: str) -> tuple[Task, list[HistoryLine]] | None:
        """Return one task with its history, oldest line first."""
        ...

    async def task_list(self, wanted: Wanted) -> list[Task]:
        """Return tasks, newest proposal first."""
        ...

    async def signal_list(self, wanted: Wanted) -> list[Signal]:
        """Return signals, last raised first."""
        ...

    async def signal(self, provider_id: str, signal_id: str) -> Signal | None:
        """Return one signal."""
        ...

    async def evaluation_list(self, wanted: Wanted) -> list[Evaluation]:
        """Return evaluations, last started first."""
        ...

    async def evaluation_of(self, provider_id: str, action_id: str) -> Evaluation | None:
        """Return the evaluation of an action, or of a line of the log."""
        ...

    async def log_list(self, wanted: Wanted) -> list[LogEntry]:
        """Return lines of the management log, the newest first."""
        ...

    async def providers(self) -> list[ProviderCard]:
        """Return all providers."""
        ...

    async def provider(self, provider_id: str) -> ProviderCard | None:
        """Return one provider."""
        ...

    async def sites_of(self, provider_id: str) -> list[str]:
        """Return the ids of all sites of a provider from which anything was heard, in order."""
        ...

    async def unclassified(self, provider_id: str, first: date, last: date) -> int:
        """Return how many reports told in a span of days count and have no labels yet."""
        ...

    async def progress(self, provider_id: str) -> Progress:
        """Return how far a provider's reviews are."""
        ...

    async def keep_progress(self, progress: Progress) -> None:
        """Store how far a provider's reviews are."""
        ...

    async def claim(self, provider_id: str) -> bool:
        """Take or renew the sole right to review a provider."""
        ...

    async def release(self, provider_id: str) -> None:
        """Let go of the right."""
        ...


class Register(Protocol):
    """The escalation register as readers get it; every method raises Unavailable where the engine is away."""

    async def duty(self, provider_id: str, duty_id: str) -> tuple[Duty, list[HistoryLine]] | None:
        """Return one duty with its history, oldest line first."""
        ...

    async def duty_list(self, wanted: Wanted) -> list[Duty]:
        """Return duties, the one with the least time left first."""
        ...

    async def escalation(
        self, provider_id: str, report_id: str
    ) -> tuple[Fact, Decision | None, list[HistoryLine]] | None:
        """Return a report with what was decided of its escalation, oldest line first."""
        ...


class Inputs(Protocol):
    """The log that the service reads."""

    async def end_offsets(self) -> Targets:
        """Return where the inputs end now; raises Unavailable where the broker is away."""
        ...

    async def reached(self, targets: Targets) -> bool:
        """Tell whether everything below the targets has taken effect."""
        ...
