"""What cards, messages and the like need of the world: whole states with history and event, and ways to people."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeVar

from services.actions.domain.oversight.cards import Card
from services.actions.domain.oversight.faults import AssetFault
from services.actions.domain.oversight.holders import RoleHolders
from services.actions.domain.oversight.notices import Notice
from services.actions.domain.oversight.repeats import Repeat
from services.actions.domain.oversight.told import Told
from services.actions.domain.oversight.unreviewed import Late
from services.actions.domain.programmes import Programme
from services.actions.domain.rebases import Rebase
from services.actions.ports import Act, HistoryLine, Wanted, Work
from shared.taxonomy.oversight import DigestRules, OverdueRules

S = TypeVar("S")
T = TypeVar("T")


class States(Protocol[S]):
    """States of one kind, inside a transaction."""

    async def load(self, provider_id: str, keys: Collection[str]) -> dict[str, S]:
        """Return states of a provider by id; unknown ones are left out."""
        ...

    async def save(self, state: S, act: Act) -> None:
        """Store a new state with its history line and, where the act names one, its event."""
        ...


class Notices(States[Notice], Protocol):
    """Messages, inside a transaction."""

    async def of_subjects(self, provider_id: str, subjects: Collection[str]) -> dict[str, list[Notice]]:
        """Return the messages about reports, by report."""
        ...

    async def first_of_day(self, provider_id: str, day: date) -> bool:
        """Note that a day's digests are made; False where they were."""
        ...


class ToldStates(States[Told], Protocol):
    """Whether people were told, inside a transaction."""

    async def late(self, provider_id: str, before: datetime, limit: int) -> list[Told]:
        """Return open questions that were due before a moment and have not been passed on."""
        ...


class Repeats(States[Repeat], Protocol):
    """Questions about repeats, inside a transaction."""

    async def unanswered(self, provider_id: str, before: datetime, role: str, limit: int) -> list[Repeat]:
        """Return open questions asked before a moment that are not with a role yet."""
        ...

    async def about_overdue(self, provider_id: str) -> list[Repeat]:
        """Return open questions about overdue actions."""
        ...


class Faults(States[AssetFault], Protocol):
    """Assets out of use, inside a transaction."""

    async def of_asset(self, provider_id: str, site_id: str, asset: str) -> list[AssetFault]:
        """Return all faults of an asset; two transactions that add one meet."""
        ...

    async def late(self, provider_id: str, before: date, limit: int) -> list[AssetFault]:
        """Return assets out of use that nobody else has been asked about, the longest first.

        Args:
            provider_id: The tenant.
            before: What was promised for an earlier day; without a promise, what has been out since an earlier day.
            limit: At most so many.
        """
        ...


class Programmes(States[Programme], Protocol):
    """Programmes, inside a transaction."""

    async def running(self, provider_id: str) -> list[Programme]:
        """Return a provider's programmes."""
        ...


class Holders(Protocol):
    """Who holds which role, inside a transaction."""

    async def keep(self, told: Sequence[RoleHolders]) -> None:
        """Store the newest revision of each."""
        ...

    async def of_sites(
        self, provider_id: str, sites: Collection[str], roles: Collection[str]
    ) -> dict[str, dict[str, RoleHolders]]:
        """Return who holds some roles at sites, by site and role."""
        ...


class Unreviewed(Protocol):
    """Reports that wait for their review, inside a transaction."""

    async def late(
        self, provider_id: str, *, told_until: datetime, received_from: datetime, last_step: int
    ) -> list[Late]:
        """Return reports that wait.

        Args:
            provider_id: The tenant.
            told_until: Those told until then.
            received_from: Of them those that reached us since then.
            last_step: Without those that were counted on this rung.
        """
        ...

    async def mark(self, provider_id: str, marks: Sequence[tuple[Late, tuple[str, ...]]]) -> None:
        """Note in which reminders reports were counted."""
        ...


class OversightWork(Work, Protocol):
    """One try of one transaction, with what must not wait for statistics."""

    @property
    def unreviewed(self) -> Unreviewed:
        """Return the reports that wait for their review."""
        ...

    @property
    def cards(self) -> States[Card]:
        """Return the cards."""
        ...

    @property
    def told(self) -> ToldStates:
        """Return whether people were told."""
        ...

    @property
    def notices(self) -> Notices:
        """Return the messages."""
        ...

    @property
    def repeats(self) -> Repeats:
        """Return the questions about repeats."""
        ...

    @property
    def faults(self) -> Faults:
        """Return the assets out of use."""
        ...

    @property
    def programmes(self) -> Programmes:
        """Return the programmes."""
        ...

    @property
    def rebases(self) -> States[Rebase]:
        """Return the decisions that limits begin anew."""
        ...

    @property
    def holders(self) -> Holders:
        """Return who holds which role."""
        ...


class Oversight(Protocol):
    """Transactions over all this; raises Unavailable where the engine is away."""

    async def run(self, work: Callable[[OversightWork], Awaitable[T]]) -> T:
        """Run work in one transaction, again where it met another one."""
        ...


class Shelf(Protocol[S]):
    """States of one kind as readers get them; raises Unavailable where the engine is away."""

    async def one(self, provider_id: str, key: str) -> tuple[S, list[HistoryLine]] | None:
        """Return one state with its history, oldest line first."""
        ...

    async def page(self, wanted: Wanted) -> list[S]:
        """Return states, the newest first."""
        ...


class Post(Protocol):
    """Messages that wait to be sent; raises Unavailable where the engine is away."""

    async def claim(self, now: datetime, until: datetime, link_hash: str) -> Notice | None:
        """Take the message that has waited longest, so that no other process tries it before `until`.

        Args:
            now: The present moment.
            until: How long it is taken for.
            link_hash: Hash of the secret that goes out with this try.

        Returns:
            The message with its `attempts` counted, or None where none is due.
        """
        ...

    async def overdue(self, now: datetime, limit: int) -> list[Notice]:
        """Return alerts that were sent and that nobody acknowledged in time."""
        ...

    async def by_link(self, link_hash: str) -> Notice | None:
        """Return the message that a link belongs to."""
        ...


class FaultLinks(Protocol):
    """The links of faults; raises Unavailable where the engine is away."""

    async def by_link(self, link_hash: str) -> AssetFault | None:
        """Return the fault that a link belongs to."""
        ...


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits to be looked at, counted by kind: cards, signals, actions, duties and so on."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Return the number of all of them."""
        return sum(self.counts.values())


class DigestReader(Protocol):
    """Counts what waits; raises Unavailable where the engine is away."""

    async def made(self, provider_id: str, day: date) -> bool:
        """Tell whether a day's digests are made."""
        ...

    async def sites(self, provider_id: str, today: date) -> dict[str, Waiting]:
        """Count by site what waits for its manager; nothing of held reports."""
        ...

    async def passed_on(self, provider_id: str, role: str) -> dict[str, Waiting]:
        """Count by site what was passed on to one of its roles; nothing of held reports."""
        ...

    async def group(self, provider_id: str, today: date, rules: DigestRules, overdue: OverdueRules) -> Waiting:
        """Count what is for the group lead: serious, long unanswered, shared by sites, or passed on."""
        ...

    async def safeguarding(self, provider_id: str) -> Waiting:
        """Count what is for the safeguarding lead: held cards, and questions about one person."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel carries: a number and a link, never text.

    Attributes:
        notification_id: The same for every try, so that a receiver can drop a second one.
        addresses: Where to; work addresses or numbers.
        subject: One line without anything of a report.
        body: A few lines: what kind of thing, how many, the link.
        link: Where to look, and to acknowledge.
        kind: alert or digest.
    """

    notification_id: str
    addresses: Sequence[str]
    subject: str
    body: str
    link: str
    kind: str


class Channel(Protocol):
    """A way to people."""

    @property
    def name(self) -> str:
        """Return the word that events name it by."""
        ...

    async def send(self, message: Message) -> None:
        """Hand a message over.

        Raises:
            ChannelFailed: it was not taken; `again` says whether another try could work.
        """
        ...


class ChannelFailed(Exception):
    """A channel did not take a message.

    Args:
        word: What went wrong, as a word for events and logs, without addresses.
        again: Whether another try could work.
    """

    def __init__(self, word: str, again: bool) -> None:
        super().__init__(word)
        self.word = word
        self.again = again


@dataclass(frozen=True, slots=True)
class Reached:
    """Who is to get a message.

    Attributes:
        user_ids: Opaque ids.
        addresses: Work addresses, in the same order.
        fell_back: Whether the site has nobody in the role, so that the group's holder was taken.
    """

    user_ids: tuple[str, ...]
    addresses: tuple[str, ...]
    fell_back: bool


class Directory(Protocol):
    """Who holds which role; raises Unavailable where the engine is away."""

    async def holders(self, provider_id: str, site_id: str | None, role: str, at: datetime) -> Reached:
        """Return who holds a role at a moment, on call and not on leave; else the group's; empty where nobody."""
        ...
