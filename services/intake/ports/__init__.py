"""What intake's use cases need from the world; adapters give it, tests give fakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from services.intake.domain.acts import Act
from services.intake.domain.assets import Asset
from services.intake.domain.credentials import Credential
from services.intake.domain.exposures import Exposure
from services.intake.domain.holds import LegalHold
from services.intake.domain.people import Person, RoleState
from services.intake.domain.report import Draft, Identity, Narrative, Report
from services.intake.domain.sites import Provider, Site, SiteChange
from shared.kernel.principal import Principal

R = TypeVar("R")
Sealed = Mapping[str, Any]
"""What the vault made of the originals of one report: opaque to everybody else."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why a report left all counts, and when."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Erasure:
    """That a report's words were erased: when, by which role and why (a code)."""

    at: datetime
    reason: str
    by_role: str
    by_subject: str


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report as it is kept.

    Attributes:
        body_hashes: Keyed hashes of all bodies that its senders sent, in order: an old one sent again undoes nothing.
        acts: Who made its revisions, in order.
        withdrawn: Set once it was withdrawn.
        code_hash: Keyed hash of the reporter's return code; None where none was given out.
        waiting: Whether nobody has reviewed it yet.
        legal_hold: A person's word that nothing of it may be destroyed.
        erased: Set once its words were erased; what is left says that there was a report.
    """

    report: Report
    sealed: Sealed
    body_hashes: tuple[bytes, ...]
    acts: tuple[Act, ...]
    withdrawn: Withdrawal | None = None
    code_hash: bytes | None = None
    waiting: bool = True
    legal_hold: LegalHold | None = None
    erased: Erasure | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """An Idempotency-Key that came together with an external reference: which report it stood for, and what body."""

    claim_id: str
    provider_id: str
    report_id: str
    body_hash: bytes


@dataclass(frozen=True, slots=True)
class ReportChange:
    """A report's new state and the word for what happened.

    Attributes:
        what: received, amended, withdrawn, redaction_corrected or erased; empty where nobody is told of it.
        photo: A sealed photo that came with it.
        recorded_at: When we wrote it down.
        effective_at: When it counts from; only for replayed history.
        replay: True for history that is loaded: no messages, no response times.
        trace: The trace of the request that it came with, where requests are traced.
    """

    stored: StoredReport
    what: str
    recorded_at: datetime
    effective_at: datetime | None = None
    replay: bool = False
    trace: bytes | None = None
    photo: bytes | None = None


class NewReport(NamedTuple):
    """A report that nobody knew before and that has nothing rare: no return code, no photo.

    Attributes:
        sealed: Its originals.
        body_hash: Keyed hash of the body that it was sent as.
        act: Who sent it.
        waiting, effective_at, replay, trace: As in `StoredReport` and `ReportChange`.
    """

    draft: Draft
    sealed: Sealed
    body_hash: bytes
    act: Act
    waiting: bool
    effective_at: datetime | None
    replay: bool
    trace: bytes | None

    def change(self) -> ReportChange:
        """Return the same as the change that any report goes through."""
        stored = StoredReport(self.draft.report(), self.sealed, (self.body_hash,), (self.act,), waiting=self.waiting)
        return ReportChange(stored, "received", self.act.at, self.effective_at, self.replay, self.trace)


@dataclass(slots=True)
class Decided(Generic[R]):
    """What a decision wants written, and what it says to the caller.

    Attributes:
        new: Reports of which `changes` says nothing.
    """

    result: R
    changes: list[ReportChange] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    new: list[NewReport] = field(default_factory=list)


Found = Mapping[str, StoredReport]
Claims = Mapping[str, Claim]


class ReportStore(Protocol):
    """Keeps reports; every change and its event are one transaction."""

    async def change(
        self,
        keys: Sequence[tuple[str, str]],
        claim_ids: Sequence[str],
        decide: Callable[[Found, Claims], Decided[R]],
    ) -> R:
        """Read reports, decide, and write what was decided, all or nothing.

        Args:
            keys: Provider and report id of everything that the decision looks at.
            claim_ids: Claims that it looks at.
            decide: Called with what was found, perhaps more than once; has no effect but its answer.

        Raises:
            Unavailable: the database cannot be reached; the same call may be made again.
        """
        ...

    async def read(self, provider_id: str, report_id: str) -> StoredReport | None:
        """Return a report of a provider.

        Raises:
            Unavailable: the database cannot be reached.
        """
        ...


class Vault(Protocol):
    """Keeps originals unreadable: two data keys per report, wrapped by a key that is not in the database."""

    def seal(
        self, report_id: str, revision: int, identity: Identity, narrative: Narrative, sealed: Sealed | None = None
    ) -> Sealed:
        """Encrypt the originals of a revision; those of earlier revisions stay as they are."""
        ...

    def open(self, report_id: str, sealed: Sealed) -> tuple[Identity, Narrative]:
        """Decrypt the latest originals."""
        ...

    def names(self, report_id: str, sealed: Sealed) -> tuple[str, ...]:
        """Decrypt the names of people of all revisions, each once."""
        ...

    def first(self, report_id: str, sealed: Sealed) -> Narrative:
        """Decrypt the words of the first revision."""
        ...

    def seal_part(self, report_id: str, sealed: Sealed, part: str, data: bytes) -> bytes:
        """Encrypt something that belongs to the narrative: what was said later, a photo."""
        ...

    def open_part(self, report_id: str, sealed: Sealed, part: str, box: bytes) -> bytes:
        """Decrypt it."""
        ...

    def without_identity(self, sealed: Sealed) -> Sealed:
        """Return the sealed form without the key to who told it: nobody can read that again."""
        ...

    def emptied(self, sealed: Sealed) -> Sealed:
        """Return the sealed form without any key or original."""
        ...


class Registry(Protocol):
    """Keeps providers and sites."""

    async def sites(self, keys: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Site]:
        """Return the sites that are known, by provider and site id; may be a few seconds old."""
        ...

    async def sites_of(self, provider_id: str) -> list[Site]:
        """Return all sites of a provider, by id."""
        ...

    async def providers(self, provider_ids: Sequence[str]) -> Mapping[str, Provider]:
        """Return the providers that are known."""
        ...

    async def change_providers(
        self, provider_ids: Sequence[str], decide: Callable[[Mapping[str, Provider]], Sequence[Provider]], at: datetime
    ) -> int:
        """Read, decide and write new states with their events in one transaction; return how many changed."""
        ...

    async def change_sites(
        self,
        keys: Sequence[tuple[str, str]],
        decide: Callable[[Mapping[tuple[str, str], Site]], Sequence[SiteChange]],
        at: datetime,
    ) -> int:
        """Read, decide and write new states with their events in one transaction; return how many changed."""
        ...


class AssetStore(Protocol):
    """Keeps assets."""

    async def change(
        self, keys: Sequence[str], decide: Callable[[Mapping[str, Asset]], Sequence[Asset]], at: datetime
    ) -> int:
        """Read, decide and write new states with their events in one transaction; return how many changed."""
        ...

    async def page(
        self, provider_id: str, sites: frozenset[str] | None, after: tuple[str, str] | None, limit: int
    ) -> list[Asset]:
        """Return assets of a provider by site and id, after one of them."""
        ...


class PeopleStore(Protocol):
    """Keeps people and roles."""

    async def people_of(self, provider_id: str) -> list[Person]:
        """Return everybody of a provider, those who left too."""
        ...

    async def roles_of(self, provider_id: str) -> list[RoleState]:
        """Return all roles of a provider."""
        ...

    async def person(self, provider_id: str, user_id: str) -> Person | None:
        """Return somebody; may be a few seconds old where another process changed them."""
        ...

    async def put_people(self, people: Sequence[Person]) -> None:
        """Write next states, each the one after the stored one; Conflict where one is not."""
        ...

    async def change_roles(
        self, keys: Sequence[str], decide: Callable[[Mapping[str, RoleState]], Sequence[RoleState]], at: datetime
    ) -> int:
        """Read, decide and write new states with their events; return how many changed."""
        ...


class ExposureStore(Protocol):
    """Keeps exposure."""

    async def change(
        self, keys: Sequence[str], decide: Callable[[Mapping[str, Exposure]], Sequence[Exposure]], at: datetime
    ) -> int:
        """Read, decide and write new states with their events in one transaction; return how many changed."""
        ...

    async def between(self, provider_id: str, sites: Sequence[str], first: date, last: date) -> list[Exposure]:
        """Return what was told of some sites for periods that touch these days, in order of the periods."""
        ...


class CredentialStore(Protocol):
    """Keeps keys and links, by hash."""

    async def add(self, credential: Credential) -> None:
        """Keep a new one."""
        ...

    async def find(self, credential_id: str) -> Credential | None:
        """Return one; may be a few seconds old where another process revoked it."""
        ...

    async def all_of(self, tenant: str, kind: str) -> list[Credential]:
        """Return those of a provider, or with "*" of all, newest first."""
        ...

    async def revoke(self, tenant: str, credential_id: str, at: datetime) -> None:
        """Revoke one of a provider, or with "*" of any; a second time changes nothing."""
        ...

    async def shorten(self, tenant: str, credential_id: str, until: datetime) -> None:
        """Let one of a provider, or with "*" of any, end at a moment, where it would last longer."""
        ...


class Randomness(Protocol):
    """Where ids and secrets come from."""

    def new_id(self) -> str:
        """Return 96 random bits as lower-case letters and digits."""
        ...

    def new_secret(self) -> str:
        """Return 256 random bits in URL-safe letters."""
        ...


class Signer(Protocol):
    """Signs short-lived tokens."""

    def sign(self, principal: Principal) -> str:
        """Return a token that every service can verify."""
        ...


class Backlog(Protocol):
    """How much waits to be sent."""

    def full(self) -> bool:
        """Tell whether nothing new should be taken in."""
        ...

    def depth(self) -> int:
        """Return the number of events that wait."""
        ...
