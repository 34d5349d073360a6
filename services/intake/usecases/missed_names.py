"""Hides names that redaction missed: a person tells them, and every published state from then on is without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.intake.domain.acts import act_of
from services.intake.domain.report import Narrative, Report, redact_narrative
from services.intake.ports import Claims, Decided, Found, ReportChange, StoredReport
from services.intake.usecases.changes import Changes
from services.intake.usecases.means import Means
from shared.kernel.errors import Conflict, Fault, Invalid
from shared.kernel.principal import Principal

NAMES_MAX: Final = 20
NAME_MIN_CHARS: Final = 2
NAME_MAX_CHARS: Final = 100


class MissedNames:
    """Corrects redaction.

    Args:
        means: What it works with.
        changes: Reads what a principal may see.
    """

    def __init__(self, means: Means, changes: Changes) -> None:
        self._means = means
        self._changes = changes

    async def hide(
        self, principal: Principal, provider_id: str | None, report_id: str, names: Sequence[str], revision: int
    ) -> StoredReport:
        """Hide names in what is published of a report; they stay hidden in all later revisions.

        A report that was withdrawn is told as withdrawn again after it, so that no reader counts it anew.

        Args:
            principal: Who read the name.
            provider_id: The provider, for keys that are not bound to one.
            report_id: The report.
            names: Names of people, clean text; kept in the vault alone.
            revision: The revision that was looked at.

        Raises:
            NotFound: there is none that the principal may see.
            Invalid: no name, or none of them stands in what is published.
            Conflict: the revision is not the present one, or the report was erased.
            Unavailable: the database is away.
        """
        told = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
        if faults := _faults_of(told):
            raise Invalid("nothing was hidden; see errors", tuple(faults))
        stored = await self._changes.read(principal, provider_id, report_id)
        _check(stored, revision)
        now = self._means.clock.now()

        def decide(found: Found, _: Claims) -> Decided[StoredReport]:
            kept = found[report_id]
            _check(kept, revision)
            changes = self._changes_of(principal, kept, told, now)
            return Decided(changes[-1].stored, changes)

        hidden = await self._means.store.change([(stored.report.provider_id, report_id)], [], decide)
        self._means.count("amended")
        return hidden

    def _changes_of(
        self, principal: Principal, stored: StoredReport, told: tuple[str, ...], now: datetime
    ) -> list[ReportChange]:
        old, vault = stored.report, self._means.vault
        report = self._without(old, (*vault.names(old.report_id, stored.sealed), *told))
        if report == old:
            raise Invalid(
                "nothing was hidden: none of these stands in what is published", (Fault("is not there", "names"),)
            )
        report = replace(report, revision=old.revision + 1, redaction_version=self._means.redactor.version)
        identity, narrative = vault.open(old.report_id, stored.sealed)
        hidden = tuple(dict.fromkeys((*narrative.hidden, *told)))
        sealed = vault.seal(old.report_id, report.revision, identity, narrative._replace(hidden=hidden), stored.sealed)
        acts = (*stored.acts, act_of(principal, "redaction_corrected", report.revision, now))
        corrected = replace(stored, report=report, sealed=sealed, acts=acts)
        changes = [ReportChange(corrected, "redaction_corrected", now)]
        if stored.withdrawn is not None:
            gone = replace(report, revision=report.revision + 1)
            acts = (*acts, act_of(principal, "withdrawn", gone.revision, now))
            changes.append(ReportChange(replace(corrected, report=gone, acts=acts), "withdrawn", now))
        return changes

    def _without(self, old: Report, names: tuple[str, ...]) -> Report:
        shown = Narrative(old.text, old.place, old.what_stopped_it)
        (text, place, stopped), faults = redact_narrative(shown, names, self._means.redactor.redact)
        if faults:
            raise Invalid("nothing was hidden; see errors", tuple(faults))
        return replace(old, text=text, place=place, what_stopped_it=stopped)


def _faults_of(names: tuple[str, ...]) -> list[Fault]:
    if not 0 < len(names) <= NAMES_MAX:
        return [Fault(f"give one to {NAMES_MAX} names", "names")]
    if any(not NAME_MIN_CHARS <= len(name) <= NAME_MAX_CHARS for name in names):
        return [Fault(f"a name has {NAME_MIN_CHARS} to {NAME_MAX_CHARS} characters", "names")]
    return []


def _check(stored: StoredReport, revision: int) -> None:
    present = stored.report.revision
    if stored.erased is not None:
        raise Conflict(f"report {stored.report.report_id} was erased; nothing of it is published any more")
    if revision != present:
        detail = f"revision {revision} was expected and the report is at {present}: read it again and decide anew"
        raise Conflict(detail, (Fault(f"is not the present one, which is {present}", "revision"),))
