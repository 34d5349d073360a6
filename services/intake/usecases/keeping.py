"""What the vault keeps and lets go: holds, erasure, appraisal at the end of a report's time, and subject access."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from services.intake.domain.acts import act_of
from services.intake.domain.cases import Case
from services.intake.domain.holds import LegalHold, holds_on
from services.intake.domain.progress import Labels
from services.intake.domain.report import HELD, Report
from services.intake.domain.retention import DECISIONS, ERASE, Appraisal, Retention
from services.intake.domain.submission import Person
from services.intake.ports import Erasure, ReportChange, StoredReport, Withdrawal
from services.intake.ports.dialogue import CaseDecided, CaseStore
from services.intake.usecases.means import LabelStore, Means
from services.intake.usecases.originals import Reading, Readings
from services.intake.usecases.returns import lines_of
from shared.kernel.clock import london_date
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.kernel.principal import Principal

ERASED: Final = "erased"
ERASING_REASONS: Final = ("asked_by_reporter", "asked_by_subject", "retention_ended", "no_lawful_basis")
REASON_MAX_CHARS: Final = 200
HOLD_MAX: Final = timedelta(days=366)
"""A hold is looked at again at least once a year."""

GONE: Final = (
    "place",
    "what_stopped_it",
    "person_token",
    "reporter_token",
    "asset_ref",
    "disruption",
    "external_reference",
    "given_labels",
)
"""What is taken out of a report's state, beside its text, when its words are erased."""


class KeptStore(Protocol):
    """Finds what the vault keeps."""

    async def of_person(self, provider_id: str, tokens: Mapping[str, str]) -> list[StoredReport]:
        """Return reports about a person, by their token at each site."""
        ...

    async def received_before(self, provider_id: str, before: datetime, limit: int) -> list[StoredReport]:
        """Return reports whose words are still kept, received before a moment, the oldest first."""
        ...

    async def appraised(self, provider_id: str, report_ids: Sequence[str]) -> Mapping[str, Appraisal]:
        """Return the last appraisal of each report that has one."""
        ...

    async def add_appraisal(self, appraisal: Appraisal) -> None:
        """Write an appraisal down."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """A report whose time is over, or nearly."""

    report_id: str
    site_id: str
    class_name: str
    due_on: date
    holds: tuple[str, ...]


class Keeping:
    """The vault's keeper.

    Args:
        means: What it works with.
        cases: Keeps dialogues and photos.
        kept: Finds reports.
        labels: Knows what reports are about.
        readings: Keeps who read what.
        retention: The classes.
    """

    def __init__(
        self,
        means: Means,
        cases: CaseStore,
        kept: KeptStore,
        labels: LabelStore,
        readings: Readings,
        retention: Retention,
    ) -> None:
        self._means = means
        self._cases = cases
        self._kept = kept
        self._labels = labels
        self._readings = readings
        self._retention = retention

    async def holds(self, principal: Principal, provider_id: str | None, report_id: str) -> tuple[str, ...]:
        """Return why nothing of a report may be destroyed now; empty where it may.

        Raises:
            NotFound: there is no such report for the principal.
        """
        return await self._holds(await self._visible(principal, provider_id, report_id))

    async def hold(
        self, principal: Principal, provider_id: str | None, report_id: str, reason: str, review_on: date
    ) -> None:
        """Place a legal hold, or a new review date on one.

        Raises:
            NotFound: there is no such report for the principal.
            Invalid: no reason, or the review date does not lie within a year.
            Conflict: it was erased.
        """
        now = self._means.clock.now()
        faults = _reason_faults(reason)
        if not london_date(now) < review_on <= london_date(now + HOLD_MAX):
            faults.append(Fault("must lie within the next year", "review_on"))
        if faults:
            raise Invalid("no hold was placed; see errors", tuple(faults))
        said = str(self._means.redactor.redact(reason.strip(), ()))
        role = act_of(principal, "hold", 0, now).by_role
        placed = LegalHold(role, principal.subject, said, now, review_on)
        await self._put_hold(principal, provider_id, report_id, placed)

    async def lift(self, principal: Principal, provider_id: str | None, report_id: str) -> None:
        """Lift a legal hold; where there is none nothing changes.

        Raises:
            NotFound: there is no such report for the principal.
            Conflict: it was erased.
        """
        await self._put_hold(principal, provider_id, report_id, None)

    async def erase(self, principal: Principal, provider_id: str | None, report_id: str, reason: str) -> None:
        """Erase a report's words: keys and originals go at once, every reader is told; a second time changes nothing.

        Raises:
            NotFound: there is no such report for the principal.
            Invalid: the reason is none of the list.
            Conflict: something holds it; names what.
            Unavailable: the database is away.
        """
        if reason not in ERASING_REASONS:
            raise Invalid("the reason is not known", (Fault("one of " + ", ".join(ERASING_REASONS), "reason"),))
        stored = await self._visible(principal, provider_id, report_id)
        if stored.erased is not None:
            return
        await self._refuse_held(stored)
        report = stored.report
        photo = await self._cases.photo(report.provider_id, report_id) is not None
        now = self._means.clock.now()
        if stored.withdrawn is None:
            await self._take_out(principal, report)

        def decide(kept: StoredReport | None, case: Case | None) -> CaseDecided[None]:
            if kept is None or kept.erased is not None:
                return CaseDecided(None)
            if kept.legal_hold is not None:
                raise Conflict(f"report {report_id} is held (legal_hold); nothing was erased")
            act = act_of(principal, ERASED, kept.report.revision + 1, now)
            following = replace(
                kept,
                report=self._bare(kept.report),
                sealed=self._means.vault.emptied(kept.sealed),
                acts=(*kept.acts, act),
                waiting=False,
                erased=Erasure(now, reason, act.by_role, act.by_subject),
            )
            silent = None if case is None else replace(case, steps=tuple(replace(s, words=None) for s in case.steps))
            change = ReportChange(following, ERASED, now, photo=b"" if photo else None)
            return CaseDecided(None, silent, change)

        await self._cases.change(report.provider_id, report_id, decide)

    async def _take_out(self, principal: Principal, report: Report) -> None:
        """Withdraw a report before it is erased: readers that know nothing of erasure leave it out of their counts."""
        now = self._means.clock.now()

        def decide(kept: StoredReport | None, _: Case | None) -> CaseDecided[None]:
            if kept is None or kept.withdrawn is not None:
                return CaseDecided(None)
            gone = self._bare(kept.report)
            acts = (*kept.acts, act_of(principal, "withdrawn", gone.revision, now))
            following = replace(kept, report=gone, acts=acts, withdrawn=Withdrawal(ERASED, now), waiting=False)
            return CaseDecided(None, change=ReportChange(following, "withdrawn", now))

        await self._cases.change(report.provider_id, report.report_id, decide)

    async def due(self, principal: Principal, provider_id: str | None, limit: int) -> list[Due]:
        """Return reports whose time is over and that no appraisal keeps any longer, the oldest first."""
        provider, now = principal.provider(provider_id), self._means.clock.now()
        before = now - timedelta(days=self._retention.shortest_days())
        found = [
            one for one in await self._kept.received_before(provider, before, limit) if _sees(principal, one.report)
        ]
        labels = await self._labels.labels(provider, [(one.report.site_id, one.report.report_id) for one in found])
        appraised = await self._kept.appraised(provider, [one.report.report_id for one in found])
        due = []
        for stored in found:
            report = stored.report
            own, last = labels.get(report.report_id, Labels({})), appraised.get(report.report_id)
            on = self._retention.due_on(report.received_at, own)
            if last is not None and last.next_on is not None:
                on = max(on, last.next_on)
            if on <= london_date(now):
                held = holds_on(own.escalate, own.open_duties, stored.legal_hold)
                due.append(Due(report.report_id, report.site_id, self._retention.class_of(own).name, on, held))
        return due

    async def appraise(
        self,
        principal: Principal,
        provider_id: str | None,
        report_id: str,
        decision: str,
        reason: str,
        next_on: date | None,
    ) -> None:
        """Record what becomes of a report at the end of its time, and do it.

        Raises:
            NotFound: there is no such report for the principal.
            Invalid: the decision is not known, no reason, or keeping names no later day.
            Conflict: it is to be erased and something holds it.
        """
        now = self._means.clock.now()
        faults = _reason_faults(reason)
        if decision not in DECISIONS:
            faults.append(Fault("is keep or erase", "decision"))
        elif decision != ERASE and (next_on is None or next_on <= london_date(now)):
            faults.append(Fault("must be a later day: nothing is kept without end", "next_on"))
        if faults:
            raise Invalid("nothing was recorded; see errors", tuple(faults))
        stored = await self._visible(principal, provider_id, report_id)
        if decision == ERASE:
            await self._refuse_held(stored)
        labels = await self._own_labels(stored.report)
        said = str(self._means.redactor.redact(reason.strip(), ()))
        role = act_of(principal, "appraised", 0, now).by_role
        await self._kept.add_appraisal(
            Appraisal(
                stored.report.provider_id,
                report_id,
                decision,
                said,
                self._retention.class_of(labels).name,
                self._retention.version,
                principal.subject,
                role,
                now,
                None if decision == ERASE else next_on,
            )
        )
        if decision == ERASE:
            await self.erase(principal, provider_id, report_id, "retention_ended")

    async def subject_access(
        self, principal: Principal, provider_id: str | None, person: Person, reason: str
    ) -> dict[str, Any]:
        """Return all that is kept about a person, as one document; each reading of an original is written down.

        Args:
            principal: Who asks; answers for the whole provider.
            provider_id: The provider.
            person: By the feed's own id, or by the name as reports gave it.
            reason: Such as the number of the request.

        Raises:
            Invalid: nobody is named, or no reason given.
        """
        faults = _reason_faults(reason)
        if not person.id and not (person.name or "").strip():
            faults.append(Fault("give the id or the name", "person"))
        if faults:
            raise Invalid("nothing was exported; see errors", tuple(faults))
        provider, now = principal.provider(provider_id), self._means.clock.now()
        sites = [site for site in await self._means.registry.sites_of(provider) if principal.may_see_site(site.site_id)]
        make = self._means.pseudonyms.person
        tokens = {site.site_id: token for site in sites if (token := make(provider, site.site_id, person))}
        found = [one for one in await self._kept.of_person(provider, tokens) if _sees(principal, one.report)]
        said = str(self._means.redactor.redact(reason.strip(), ()))
        role = act_of(principal, "subject_access", 0, now).by_role
        await self._readings.add(
            [
                Reading(provider, r.site_id, r.report_id, now, principal.subject, role, "subject_access", said)
                for r in (one.report for one in found)
            ]
        )
        cases = await self._cases.cases(provider, [one.report.report_id for one in found])
        return {
            "provider_id": provider,
            "made_at": now,
            "notice": "Holds words as they were typed. Check it for other people's data before it is handed over.",
            "reports": [self._exported(one, cases.get(one.report.report_id)) for one in found],
        }

    def _exported(self, stored: StoredReport, case: Case | None) -> dict[str, Any]:
        report, vault = stored.report, self._means.vault
        facts = {"report_id": report.report_id, "site_id": report.site_id, "received_at": report.received_at}
        facts |= {"occurred_at": report.occurred_at, "withdrawn": stored.withdrawn is not None}
        if stored.erased is not None:
            return facts | {"erased_at": stored.erased.at}
        _, latest = vault.open(report.report_id, stored.sealed)
        said = [] if case is None else lines_of(vault, stored, case)
        return facts | {
            "first_told": vault.first(report.report_id, stored.sealed)._asdict(),
            "reads_now": latest._asdict(),
            "redacted": report.text,
            "said_since": [{"at": line.at, "by": line.by, "words": line.words} for line in said],
        }

    async def _put_hold(
        self, principal: Principal, provider_id: str | None, report_id: str, hold: LegalHold | None
    ) -> None:
        stored = await self._visible(principal, provider_id, report_id)
        now = self._means.clock.now()
        what = "hold_placed" if hold else "hold_lifted"

        def decide(kept: StoredReport | None, _: Case | None) -> CaseDecided[None]:
            if kept is None or kept.erased is not None:
                raise Conflict(f"report {report_id} was erased; there is nothing to hold")
            if hold is None and kept.legal_hold is None:
                return CaseDecided(None)
            acts = (*kept.acts, act_of(principal, what, kept.report.revision, now))
            return CaseDecided(None, change=ReportChange(replace(kept, legal_hold=hold, acts=acts), "", now))

        await self._cases.change(stored.report.provider_id, report_id, decide)

    def _bare(self, report: Report) -> Report:
        """Return what is left of an erased report: that there was one, where and when."""
        nothing = self._means.redactor.redact("", ())
        gone: dict[str, Any] = dict.fromkeys(GONE)
        return replace(report, text=nothing, revision=report.revision + 1, **gone)

    async def _refuse_held(self, stored: StoredReport) -> None:
        if held := await self._holds(stored):
            why = ", ".join(held)
            raise Conflict(f"report {stored.report.report_id} is held ({why}); nothing was erased, a person decides")

    async def _holds(self, stored: StoredReport) -> tuple[str, ...]:
        labels = await self._own_labels(stored.report)
        return holds_on(labels.escalate, labels.open_duties, stored.legal_hold)

    async def _own_labels(self, report: Report) -> Labels:
        found = await self._labels.labels(report.provider_id, [(report.site_id, report.report_id)])
        return found.get(report.report_id, Labels({}))

    async def _visible(self, principal: Principal, provider_id: str | None, report_id: str) -> StoredReport:
        stored = await self._means.store.read(principal.provider(provider_id), report_id)
        if stored is None or not _sees(principal, stored.report):
            raise NotFound(f"report {report_id} is not known here")
        return stored


def _sees(principal: Principal, report: Report) -> bool:
    return principal.may_see_site(report.site_id) and (report.visibility != HELD or principal.sees_held)


def _reason_faults(reason: str) -> list[Fault]:
    fits = 0 < len(reason.strip()) <= REASON_MAX_CHARS
    return [] if fits else [Fault(f"say why in at most {REASON_MAX_CHARS} characters", "reason")]
