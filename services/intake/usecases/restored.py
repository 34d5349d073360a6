"""What the log knows and a restored database does not: what was erased since its backup is erased again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol

from services.intake.domain.acts import Act
from services.intake.domain.cases import Case
from services.intake.ports import Erasure, ReportChange, StoredReport, Vault
from services.intake.ports.dialogue import CaseDecided, CaseStore
from services.intake.usecases.keeping import ERASED, GONE
from shared.redaction.text import RedactedText

AGAIN: Final = "erased_before_restore"
"""The reason that is kept; the first one is not on the log."""
BY: Final = "restore"


@dataclass(frozen=True, slots=True)
class OnTheLog:
    """One state of a report as the log has it.

    Attributes:
        erased_at: When its words were erased; None where they were not.
    """

    provider_id: str
    report_id: str
    revision: int
    erased_at: datetime | None = None


class ReportLog(Protocol):
    """The states of all reports that were published."""

    def states(self) -> AsyncIterator[Sequence[OnTheLog]]:
        """Iterate over the log from its beginning to its present end, in order for each report."""
        ...


class Revisions(Protocol):
    """What the database holds."""

    async def revisions(self, report_ids: Collection[str]) -> Mapping[str, int]:
        """Return the revision of each of some reports; one that is not there is left out."""
        ...


@dataclass(slots=True)
class Settled:
    """What was found.

    Attributes:
        erased_again: Reports whose words the backup had brought back.
        newer_on_the_log: Reports whose last change the database does not know.
        missing: Reports that the database does not know at all: their originals are lost.
    """

    erased_again: list[str] = field(default_factory=list)
    newer_on_the_log: set[str] = field(default_factory=set)
    missing: set[str] = field(default_factory=set)


async def settle(log: ReportLog, database: Revisions, cases: CaseStore, vault: Vault, nothing: RedactedText) -> Settled:
    """Compare a restored database with the log, and erase again; a second time changes nothing.

    Args:
        log: Every published state of every report.
        database: What is there.
        cases: Changes a report and its dialogue.
        vault: Empties sealed originals.
        nothing: The empty text.

    Returns:
        What was done, and what a person has to know.

    Raises:
        Unavailable: an engine did not answer; what was done stays done.
    """
    found = Settled()
    async for states in log.states():
        here = await database.revisions({state.report_id for state in states})
        for state in states:
            kept = here.get(state.report_id)
            if kept is None:
                found.missing.add(state.report_id)
            elif state.erased_at is not None:
                found.newer_on_the_log.discard(state.report_id)
                if await _erase(cases, state, state.erased_at, vault, nothing):
                    found.erased_again.append(state.report_id)
            elif state.revision > kept:
                found.newer_on_the_log.add(state.report_id)
    return found


async def _erase(cases: CaseStore, state: OnTheLog, erased_at: datetime, vault: Vault, nothing: RedactedText) -> bool:
    photo = await cases.photo(state.provider_id, state.report_id) is not None

    def decide(kept: StoredReport | None, case: Case | None) -> CaseDecided[bool]:
        if kept is None or kept.erased is not None:
            return CaseDecided(False)
        gone: dict[str, Any] = dict.fromkeys(GONE)
        following = replace(
            kept,
            report=replace(kept.report, text=nothing, revision=max(kept.report.revision, state.revision), **gone),
            sealed=vault.emptied(kept.sealed),
            acts=(*kept.acts, Act(ERASED, state.revision, BY, BY, erased_at)),
            waiting=False,
            erased=Erasure(erased_at, AGAIN, BY, BY),
        )
        silent = None if case is None else replace(case, steps=tuple(replace(s, words=None) for s in case.steps))
        # Nobody is told: the log had it before.
        return CaseDecided(True, silent, ReportChange(following, "", erased_at, photo=b"" if photo else None))

    return await cases.change(state.provider_id, state.report_id, decide)
