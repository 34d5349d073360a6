"""What the use cases of tasks and routines need of the world beyond the ports that all use cases share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from services.actions.domain.occurrences import Occurrence
from services.actions.domain.oversight.ladder import Miss
from services.actions.domain.oversight.proposals import Question
from services.actions.domain.routines import Routine
from services.actions.domain.tasks import Task
from services.actions.ports import Act, HistoryLine, SiteKey, Wanted, Work
from services.actions.ports.oversight import Holders

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is kept of a comparison of records with a reference: counts, and rows named by a keyed hash.

    Attributes:
        rows: Keyed references of the rows that did not agree, each with the verdict; the key is the site's own.
    """

    at: datetime
    by_role: str
    checked: int
    agree: int
    differ: int
    near: int
    not_found: int
    postcode_invalid: int
    rows: tuple[tuple[str, str], ...] = ()


class Links(Protocol):
    """What a task refers to, inside a transaction."""

    async def signal(self, provider_id: str, signal_id: str) -> tuple[str, str] | None:
        """Return a signal's site and visibility; None where there is no such signal."""
        ...


class Routines(Protocol):
    """Routines and their occurrences, inside a transaction."""

    async def ordinal(self, site: SiteKey) -> int:
        """Return how many routines a site has had."""
        ...

    async def load(self, provider_id: str, routine_id: str) -> Routine | None:
        """Return one routine of a provider."""
        ...

    async def save(self, routine: Routine, act: Act) -> None:
        """Store a new state with its history line and its event."""
        ...

    async def keep_plan(self, routine: Routine, new: Sequence[Occurrence]) -> None:
        """Store how far a routine is planned, with the occurrences made; nobody is told."""
        ...

    async def days(self, routine_id: str, first: date) -> set[date]:
        """Return the days from a day on for which there are occurrences."""
        ...

    async def unplan(self, routine_id: str, first: date) -> None:
        """Take back what is only planned from a day on."""
        ...

    async def to_plan(self, provider_id: str, last: date, limit: int) -> list[Routine]:
        """Return active routines that are not planned up to a day."""
        ...

    async def to_move(self, provider_id: str, today: date, limit: int) -> list[Occurrence]:
        """Return planned occurrences whose day has come, and due ones whose grace is over."""
        ...

    async def occurrence(self, provider_id: str, occurrence_id: str) -> Occurrence | None:
        """Return one occurrence of a provider."""
        ...

    async def occurrences(self, provider_id: str, keys: Collection[str]) -> list[Occurrence]:
        """Return occurrences of a provider, the earliest due day first; unknown ones are left out."""
        ...

    async def save_occurrence(self, occurrence: Occurrence, act: Act) -> None:
        """Store a new state with its history line and its event."""
        ...


class Missed(Protocol):
    """Missed occurrences as those see them who are asked next, inside a transaction."""

    async def late(self, provider_id: str, first: date, last: date, last_role: str) -> list[Miss]:
        """Return what was counted as missed from one day to another and is not with the last role."""
        ...

    async def asked_about(self, provider_id: str) -> list[Miss]:
        """Return what was missed and somebody is asked about."""
        ...

    async def of_routines(self, routine_ids: Collection[str]) -> list[Miss]:
        """Return all that was missed of routines."""
        ...

    async def done_on(self, routine_ids: Collection[str]) -> dict[str, date]:
        """Return by routine the day in England on which it was last carried out; none where it never was."""
        ...


class Proposals(Protocol):
    """What proposals wait on, inside a transaction."""

    async def questions(self, provider_id: str, sites: Collection[str], closed_since: date) -> list[Question]:
        """Return the signals of sites that are open, or closed on a day or later."""
        ...

    async def news_at(self, action_ids: Collection[str]) -> dict[str, datetime]:
        """Return by task when something was last written of it."""
        ...


class RemedyWork(Work, Protocol):
    """One try of one transaction over tasks and routines."""

    @property
    def links(self) -> Links:
        """Return what tasks refer to."""
        ...

    @property
    def routines(self) -> Routines:
        """Return the routines and their occurrences."""
        ...

    @property
    def missed(self) -> Missed:
        """Return the missed occurrences."""
        ...

    @property
    def proposals(self) -> Proposals:
        """Return what proposals wait on."""
        ...

    @property
    def holders(self) -> Holders:
        """Return who holds which role."""
        ...


class Transactions(Protocol):
    """Runs work over tasks and routines; raises Unavailable where the engine is away."""

    async def run(self, work: Callable[[RemedyWork], Awaitable[T]]) -> T:
        """Run work in one transaction, again where it met another one."""
        ...


class RoutineBook(Protocol):
    """Routines as readers get them, and whose turn it is to move them on; raises Unavailable as the store does."""

    async def routine(self, provider_id: str, routine_id: str) -> tuple[Routine, list[HistoryLine]] | None:
        """Return one routine with its history, oldest line first."""
        ...

    async def routine_list(self, wanted: Wanted) -> list[Routine]:
        """Return routines, the one that starts first at the top."""
        ...

    async def occurrence(
        self, provider_id: str, occurrence_id: str
    ) -> tuple[Occurrence, list[HistoryLine], list[Comparison]] | None:
        """Return one occurrence with its history and what was compared for it, oldest first."""
        ...

    async def occurrence_list(
        self, wanted: Wanted, routine_id: str | None, first: date | None, last: date | None
    ) -> list[Occurrence]:
        """Return occurrences, the earliest due day first."""
        ...

    async def done_on(self, provider_id: str, routine_ids: Collection[str]) -> dict[str, date]:
        """Return by routine the day in England on which it was last carried out; none where it never was."""
        ...

    async def row_key(self, provider_id: str, site_id: str) -> bytes:
        """Return the secret with which a site's rows are named; made at first use."""
        ...

    async def keep_comparison(self, occurrence: Occurrence, comparison: Comparison) -> None:
        """Keep what a comparison counted."""
        ...

    async def related(self, task: Task, held: bool, statuses: Collection[str]) -> list[str]:
        """Return the strengths of the other tasks of the site that share a report or the signal."""
        ...

    async def claim(self, provider_id: str) -> bool:
        """Take or renew the sole right to move a provider's routines on."""
        ...
