"""Amends, withdraws and reads reports on a person's behalf."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.intake.domain import rules
from services.intake.domain.acts import act_of
from services.intake.domain.holds import holds_on
from services.intake.domain.progress import Labels
from services.intake.domain.report import (
    ASKED_BY_REPORTER,
    HELD,
    WITHDRAWAL_REASONS,
    Identity,
    Narrative,
    Report,
    redact_narrative,
)
from services.intake.domain.sites import Site
from services.intake.domain.times import BAND, DAY, MINUTE, Moment, settle_times
from services.intake.ports import Claims, Decided, Found, ReportChange, StoredReport
from services.intake.ports import Withdrawal as Withdrawn
from services.intake.usecases.means import LabelStore, Means
from shared.kernel.clock import london_date
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.kernel.principal import Principal

PLAIN = frozenset({"worry", "reporter_role", "asset_ref", "disruption"})
"""Fields that an amendment takes over as they are."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """Fields to change, by name, and the revision that the person looked at.

    `fields` may hold text, place, what_stopped_it, occurred_at (a Moment), occurred_band, person, worry,
    reporter_role, asset_ref, disruption, outside_first; None clears one, where it may be empty.
    """

    revision: int
    fields: Mapping[str, Any]


class Changes:
    """Amends, withdraws and reads reports.

    Args:
        means: What it works with.
        labels: Knows what reports are about, for what holds them.
    """

    def __init__(self, means: Means, labels: LabelStore) -> None:
        self._means = means
        self._labels = labels

    async def read(self, principal: Principal, provider_id: str | None, report_id: str) -> StoredReport:
        """Return a report that the principal may see.

        Raises:
            NotFound: there is none, it is another tenant's or site's, or it is held from this principal.
        """
        stored = await self._means.store.read(principal.provider(provider_id), report_id)
        if stored is None or not _visible(principal, stored.report):
            raise NotFound(f"report {report_id} is not known here")
        return stored

    async def amend(
        self, principal: Principal, provider_id: str | None, report_id: str, amendment: Amendment
    ) -> StoredReport:
        """Change a report's content.

        Returns:
            The new state, also where it is held from whoever amended it from now on; the present one where the
            amendment changes nothing.

        Raises:
            NotFound: as `read`.
            Invalid: the new content breaks a rule.
            Conflict: the revision is not the present one, or the report was withdrawn.
            Unavailable: the database is away.
        """
        stored = await self.read(principal, provider_id, report_id)
        _check_open(stored, amendment.revision)
        report, identity, narrative = await self._amended(stored, amendment)
        if report == stored.report and (identity, narrative) == self._means.vault.open(report_id, stored.sealed):
            return stored
        report = replace(report, revision=stored.report.revision + 1)
        now = self._means.clock.now()

        def change(kept: StoredReport) -> ReportChange:
            sealed = self._means.vault.seal(report_id, report.revision, identity, narrative, kept.sealed)
            acts = (*kept.acts, act_of(principal, "amended", report.revision, now))
            return ReportChange(replace(kept, report=report, sealed=sealed, acts=acts), "amended", now)

        following = await self._put(stored, change)
        self._means.count("amended")
        return following

    async def withdraw(
        self, principal: Principal, provider_id: str | None, report_id: str, reason: str, revision: int
    ) -> StoredReport:
        """Take a report out of all counts; doing it again changes nothing.

        Raises:
            NotFound: as `read`.
            Invalid: the reason is none of the list.
            Conflict: the revision is not the present one; or the reporter asked for it and something holds the report,
                which those who answer for the whole provider decide.
            Unavailable: the database is away.
        """
        if reason not in WITHDRAWAL_REASONS:
            raise Invalid("the reason is not known", (Fault("one of " + ", ".join(WITHDRAWAL_REASONS), "reason"),))
        stored = await self.read(principal, provider_id, report_id)
        if stored.withdrawn is not None:
            return stored
        _check_open(stored, revision)
        if reason == ASKED_BY_REPORTER and not principal.sees_held:
            await self._refuse_held(stored)
        now = self._means.clock.now()

        def change(kept: StoredReport) -> ReportChange:
            report = replace(kept.report, revision=kept.report.revision + 1)
            acts = (*kept.acts, act_of(principal, "withdrawn", report.revision, now))
            return ReportChange(
                replace(kept, report=report, acts=acts, withdrawn=Withdrawn(reason, now)), "withdrawn", now
            )

        following = await self._put(stored, change)
        self._means.count("withdrawn")
        return following

    async def _refuse_held(self, stored: StoredReport) -> None:
        report = stored.report
        found = await self._labels.labels(report.provider_id, [(report.site_id, report.report_id)])
        labels = found.get(report.report_id, Labels({}))
        if held := holds_on(labels.escalate, labels.open_duties, stored.legal_hold):
            why = ", ".join(held)
            raise Conflict(
                f"the reporter asked to withdraw report {report.report_id}, and it is held ({why}): "
                "the safeguarding lead decides"
            )

    async def _put(self, stored: StoredReport, change: Callable[[StoredReport], ReportChange]) -> StoredReport:
        """Change a report that is at the revision that was read, whatever else was done to it since: that stays."""
        report = stored.report

        def decide(found: Found, _: Claims) -> Decided[StoredReport]:
            kept = found[report.report_id]
            _check_open(kept, report.revision)
            changed = change(kept)
            return Decided(changed.stored, [changed])

        return await self._means.store.change([(report.provider_id, report.report_id)], [], decide)

    async def _amended(self, stored: StoredReport, amendment: Amendment) -> tuple[Report, Identity, Narrative]:
        said, old = amendment.fields, stored.report
        identity, narrative = self._means.vault.open(old.report_id, stored.sealed)
        told = {name: said[name] for name in ("text", "place", "what_stopped_it") if name in said}
        narrative = narrative._replace(**told)
        if "person" in said:
            identity = replace(identity, person=said["person"])
        sites = await self._means.registry.sites([(old.provider_id, old.site_id)])
        dated, faults = self._dated(old, amendment, sites[old.provider_id, old.site_id])
        faults += rules.check_text(narrative.text, self._means.text_max_chars)
        redactor, names = self._means.redactor, self._known_names(stored, identity)
        words, too_long = redact_narrative(_unredacted(old, told), names, redactor.redact)
        following = replace(dated, **{name: value for name, value in said.items() if name in PLAIN})
        faults += too_long + rules.check_disruption(following.disruption)
        faults += rules.check_no_names(
            following.asset_ref, following.external_reference, following.disruption, names, redactor.redact
        )
        if faults:
            raise Invalid("the amendment was not taken; see errors", tuple(faults))
        outside_first = old.outside_first or bool(said.get("outside_first"))
        held = (
            old.visibility == HELD or (outside_first and not old.outside_first) or self._accuses_now(stored, narrative)
        )
        report = replace(
            following,
            text=words[0],
            place=words[1],
            what_stopped_it=words[2],
            person_token=self._means.pseudonyms.person(old.provider_id, old.site_id, identity.person),
            outside_first=outside_first,
            visibility=HELD if held else old.visibility,
            redaction_version=redactor.version,
        )
        return report, identity, narrative

    def _accuses_now(self, stored: StoredReport, narrative: Narrative) -> bool:
        """Tell whether the words accuse a manager and did not before: a person's release is not undone by an edit."""
        accuses = self._means.redactor.accuses_manager
        if not accuses(narrative.whole()):
            return False
        _, before = self._means.vault.open(stored.report.report_id, stored.sealed)
        return not accuses(before.whole())

    def _known_names(self, stored: StoredReport, identity: Identity) -> tuple[str, ...]:
        earlier = self._means.vault.names(stored.report.report_id, stored.sealed)
        return tuple(dict.fromkeys((*earlier, *identity.names())))

    def _dated(self, old: Report, amendment: Amendment, site: Site) -> tuple[Report, list[Fault]]:
        said = amendment.fields
        if not {"occurred_at", "occurred_band"} & set(said):
            return old, []
        exact = old.occurred_precision != BAND
        kept = Moment(old.occurred_at, DAY if old.occurred_precision == DAY else MINUTE) if exact else None
        occurred = said.get("occurred_at", kept)
        band = said.get("occurred_band", old.occurred_band)
        times, faults = settle_times(occurred, band, Moment(old.reported_at, MINUTE), self._means.clock.now())
        if not faults:
            faults = rules.check_site(site, times)
        dated = replace(
            old,
            occurred_at=times.occurred_at,
            occurred_precision=times.occurred_precision,
            occurred_band=times.occurred_band,
            setting=site.at(london_date(times.occurred_at)).setting,
        )
        return dated, faults


def _unredacted(old: Report, told: Mapping[str, Any]) -> Narrative:
    """Return the words to redact: those told now, and for the others what is published already.

    An anonymous reporter's name is kept nowhere, so that the first words could not be redacted as well a second time.
    """
    return Narrative(old.text, old.place, old.what_stopped_it)._replace(**told)


def _visible(principal: Principal, report: Report) -> bool:
    return principal.may_see_site(report.site_id) and (report.visibility != HELD or principal.sees_held)


def _check_open(stored: StoredReport, revision: int) -> None:
    present = stored.report.revision
    if stored.withdrawn is not None:
        raise Conflict(f"report {stored.report.report_id} was withdrawn ({stored.withdrawn.reason})")
    if revision != present:
        detail = f"revision {revision} was expected and the report is at {present}: read it again and decide anew"
        raise Conflict(detail, (Fault(f"is not the present one, which is {present}", "revision"),))
