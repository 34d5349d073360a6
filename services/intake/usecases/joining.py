"""Compares a tagged report with its neighbours: a machine's event of the same moment is joined, look-alikes offered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from services.intake.domain.acts import Act
from services.intake.domain.cases import DECIDED, SUGGESTED, Case
from services.intake.domain.look_alikes import MATCHING_VERSION, TELEMETRY, facts_of, is_certain, look_alikes
from services.intake.domain.progress import Labels
from services.intake.domain.report import SITE
from services.intake.ports import ReportChange, StoredReport, Withdrawal
from services.intake.ports.dialogue import CaseDecided, CaseStore
from services.intake.usecases.means import LabelStore, Means
from shared.matching.same_event import Sameness

SYSTEM: Final = "system"
NEAR: Final = timedelta(days=1)


class Joining:
    """Compares reports.

    Args:
        means: What it works with.
        cases: Keeps dialogues and finds neighbours.
        labels: Knows what reports are about.
    """

    def __init__(self, means: Means, cases: CaseStore, labels: LabelStore) -> None:
        self._means = means
        self._cases = cases
        self._labels = labels

    async def compare(self, provider_id: str, report_id: str) -> int:
        """Compare one report with those of its site and day; doing it again changes nothing.

        Held reports are left out on both sides: a pair would tell the site that there is one.

        Returns:
            How many reports were joined or offered as told twice.

        Raises:
            Unavailable: the database is away.
        """
        stored = await self._means.store.read(provider_id, report_id)
        if stored is None or not _stands(stored):
            return 0
        report = stored.report
        near = await self._cases.near(provider_id, report.site_id, report.occurred_at - NEAR, report.occurred_at + NEAR)
        among = {one.report.report_id: one for one in near if _stands(one)} | {report_id: stored}
        labels = await self._labels.labels(provider_id, [(report.site_id, key) for key in among])
        facts = {key: facts_of(one.report, labels.get(key, Labels({}))) for key, one in among.items()}
        done = 0
        for other_id, sameness in look_alikes(report_id, facts):
            later, earlier = _in_order(stored, among[other_id])
            if is_certain(facts[report_id], facts[other_id], sameness):
                done += await self._join(later, earlier)
            else:
                done += await self._offer(later, earlier, sameness)
        return done

    async def _join(self, one: StoredReport, other: StoredReport) -> bool:
        """Take a machine's report out of the counts, because a person told the same; whoever said no is heeded."""
        now, other_id = self._means.clock.now(), other.report.report_id

        def decide(kept: StoredReport | None, known: Case | None, beside: StoredReport | None) -> CaseDecided[bool]:
            if kept is None or not _stands(kept) or (known is not None and known.closed):
                return CaseDecided(False)
            if beside is None or not _stands(beside):
                return CaseDecided(False)  # somebody has taken it out meanwhile: then this one is all that is left
            case = known or _new_case(kept)
            if other_id in _others(case, DECIDED):
                return CaseDecided(False)
            facts = {"other_report_id": other_id, "same_event": True}
            report = replace(kept.report, revision=kept.report.revision + 1)
            acts = (*kept.acts, Act("withdrawn", report.revision, SYSTEM, SYSTEM, now))
            gone = replace(kept, report=report, acts=acts, withdrawn=Withdrawal("duplicate", now), waiting=False)
            step = case.with_step(DECIDED, now, SYSTEM, facts=facts)
            return CaseDecided(True, step, ReportChange(gone, "withdrawn", now))

        joined = await self._cases.change_beside(one.report.provider_id, one.report.report_id, other_id, decide)
        if joined:
            self._means.count("withdrawn")
        return joined

    async def _offer(self, one: StoredReport, other: StoredReport, sameness: Sameness) -> bool:
        now, other_id = self._means.clock.now(), other.report.report_id

        def decide(kept: StoredReport | None, known: Case | None) -> CaseDecided[bool]:
            if kept is None or not _stands(kept) or (known is not None and known.closed):
                return CaseDecided(False)
            case = known or _new_case(kept)
            if other_id in (*_others(case, SUGGESTED), *_others(case, DECIDED)):
                return CaseDecided(False)
            facts = {
                "other_report_id": other_id,
                "score": round(sameness.score, 3),
                "reasons": list(sameness.reasons),
                "matching_version": MATCHING_VERSION,
            }
            return CaseDecided(True, case.with_step(SUGGESTED, now, SYSTEM, facts=facts))

        return await self._cases.change(one.report.provider_id, one.report.report_id, decide)


def is_compared(stored: StoredReport) -> bool:
    """Tell whether a report is worth comparing: it waits for somebody, and is no history that was loaded."""
    return stored.waiting and stored.report.origin != "backfill"


def _stands(stored: StoredReport) -> bool:
    return stored.withdrawn is None and stored.erased is None and stored.report.visibility == SITE


def _in_order(one: StoredReport, other: StoredReport) -> tuple[StoredReport, StoredReport]:
    """Return the one that would leave the counts and the one that stays: a machine's goes, else the later told."""
    pair = sorted((one, other), key=lambda s: (s.report.origin == TELEMETRY, s.report.received_at, s.report.report_id))
    return pair[1], pair[0]


def _others(case: Case, kind: str) -> list[str]:
    return [step.facts["other_report_id"] for step in case.of(kind)]


def _new_case(stored: StoredReport) -> Case:
    report = stored.report
    return Case(report.report_id, report.provider_id, report.site_id)
