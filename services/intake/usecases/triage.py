"""Triage: everything is read by a person; the model only puts the queue in order and makes a suggestion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.intake.domain.acts import act_of
from services.intake.domain.cases import (
    ASKED,
    CLOSED,
    DECIDED,
    FED_BACK,
    OUTCOMES,
    RELEASE_REASONS,
    RELEASED,
    TRIAGED,
    Case,
    level_at,
)
from services.intake.domain.holds import holds_on
from services.intake.domain.look_alikes import facts_of, look_alikes
from services.intake.domain.progress import Labels
from services.intake.domain.report import HELD, SITE, Report
from services.intake.ports import ReportChange, StoredReport, Withdrawal
from services.intake.ports.dialogue import CaseDecided, CaseStore
from services.intake.usecases.means import LabelStore, Means
from services.intake.usecases.returns import SAID_MAX_CHARS, Line, lines_of, part_of
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Refused
from shared.kernel.principal import Principal, Role
from shared.matching.same_event import Sameness

QUEUE_MAX: Final = 300
"""So many of the longest waiting are put in order; the others wait behind them."""
NEAR: Final = timedelta(days=1)
LOW: Final = "low"
_WORST_FIRST: Final = {"death": 0, "severe": 1, "moderate": 2, "low": 3}


@dataclass(frozen=True, slots=True)
class Card:
    """One report as a reviewer sees it.

    Attributes:
        level: Who should look at it by now: manager, deputy or group.
        alike: Reports that may tell of the same event, with why.
        bulk: Whether it may be closed together with others of low potential.
    """

    stored: StoredReport
    labels: Labels
    case: Case
    level: str
    age: timedelta
    alike: Sequence[tuple[Report, Sameness]]
    bulk: bool

    @property
    def report(self) -> Report:
        """Return the redacted state."""
        return self.stored.report


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits, in order, and how many wait altogether."""

    cards: Sequence[Card]
    total: int


@dataclass(frozen=True, slots=True)
class Review:
    """What a reviewer does in one go; what is None is not done.

    Attributes:
        decision: accepted or corrected: whether the suggestion stands.
        message: Words to the reporter; `message_kind` is thanks, outcome or message.
        question: Words of a question to the reporter.
        outcome: One of OUTCOMES; closes the dialogue.
    """

    decision: str | None = None
    message: str | None = None
    message_kind: str = "thanks"
    question: str | None = None
    outcome: str | None = None
    in_bulk: bool = False


class Triage:
    """Triage.

    Args:
        means: What it works with.
        cases: Keeps dialogues.
        labels: Knows what reports are about.
    """

    def __init__(self, means: Means, cases: CaseStore, labels: LabelStore) -> None:
        self._means = means
        self._cases = cases
        self._labels = labels

    async def queue(self, principal: Principal, provider_id: str | None, limit: int) -> Queue:
        """Return what waits for this reviewer: what could have been worst first, then the longest waiting.

        Args:
            principal: Who asks; sees their sites, and held reports only where they see held ones.
            provider_id: The provider, for keys that are not bound to one.
            limit: Most cards.
        """
        provider = principal.provider(provider_id)
        reach = (provider, principal.sites, principal.sees_held)
        waiting = await self._cases.waiting(*reach, QUEUE_MAX)
        cards = await self._cards(provider, waiting, waiting)
        ordered = sorted(cards, key=lambda card: (_rank(card), card.report.reported_at, card.report.report_id))
        return Queue(ordered[:limit], await self._cases.count_waiting(*reach))

    async def card(self, principal: Principal, provider_id: str | None, report_id: str) -> Card:
        """Return one report.

        Raises:
            NotFound: there is none that the principal may see.
        """
        stored = await self.stored(principal, provider_id, report_id)
        report = stored.report
        near = await self._cases.near(
            report.provider_id, report.site_id, report.occurred_at - NEAR, report.occurred_at + NEAR
        )
        seen = [one for one in near if one.report.visibility != HELD or principal.sees_held]
        others = [one for one in seen if one.report.report_id != report_id]
        (card,) = await self._cards(report.provider_id, [stored], [stored, *others])
        return card

    async def lines(self, card: Card) -> Sequence[Line]:
        """Return what was said so far, opened from the vault."""
        if card.stored.erased is not None:
            return []
        return lines_of(self._means.vault, card.stored, card.case)

    async def joined(self, principal: Principal, card: Card) -> Sequence[Report]:
        """Return what was told of the same event besides: by a machine, or by others; only the card's is counted."""
        found = await self._cases.joined(card.report.provider_id, card.report.report_id)
        return [one.report for one in found if one.erased is None and _visible(principal, one.report)]

    async def stored(self, principal: Principal, provider_id: str | None, report_id: str) -> StoredReport:
        """Return a report that the principal may see.

        Raises:
            NotFound: there is none.
        """
        stored = await self._means.store.read(principal.provider(provider_id), report_id)
        if stored is None or not _visible(principal, stored.report):
            raise NotFound(f"report {report_id} is not known here")
        return stored

    async def review(self, principal: Principal, provider_id: str | None, report_id: str, review: Review) -> None:
        """Do what a reviewer decided, all of it or nothing.

        Raises:
            NotFound: there is no such report for the principal.
            Invalid: a word is not of its list, or a text is too long.
            Conflict: the dialogue is closed or the report withdrawn.
            Unavailable: the database is away.
        """
        _check(review)
        stored = await self.stored(principal, provider_id, report_id)
        report = stored.report
        known = await self._labels.labels(report.provider_id, [(report.site_id, report_id)])
        labels = known.get(report_id, Labels({}))
        now, role = self._means.clock.now(), _role(principal)

        def decide(kept: StoredReport | None, case: Case | None) -> CaseDecided[None]:
            kept = _open(principal, kept, case)
            case = case or _new_case(kept.report)
            steps = _Steps(case, role, principal.subject)
            following = replace(kept, waiting=False)
            if review.decision is not None:
                level = level_at(now - kept.report.reported_at)
                facts = {"report_revision": kept.report.revision, "decision": review.decision, "level": level}
                steps.add(TRIAGED, now, facts | {"in_bulk": review.in_bulk})
            if review.message:
                steps.say(self._means, kept, FED_BACK, now, review.message, {"kind": review.message_kind})
            if review.question:
                steps.say(self._means, kept, ASKED, now, review.question, {})
            if review.outcome is not None:
                following, destroyed = self._closed(following, labels)
                told = bool(steps.case.of(FED_BACK))
                facts = {"outcome": review.outcome, "fed_back": told, "identity_destroyed": destroyed}
                steps.add(CLOSED, now, facts | {"in_bulk": review.in_bulk})
            return CaseDecided(None, steps.case, ReportChange(following, "", now))

        await self._cases.change(report.provider_id, report_id, decide)

    async def close_low(
        self, principal: Principal, provider_id: str | None, report_ids: Sequence[str], thanks: str
    ) -> Mapping[str, str | None]:
        """Accept and close reports of low potential in one go.

        Returns:
            For each report why it was left; None where it was closed.
        """
        answers: dict[str, str | None] = {}
        for report_id in dict.fromkeys(report_ids):
            try:
                card = await self.card(principal, provider_id, report_id)
                if not card.bulk:
                    raise Conflict("this one must be looked at by itself")
                review = Review("accepted", thanks or None, "thanks", None, "low_potential", in_bulk=True)
                await self.review(principal, provider_id, report_id, review)
                answers[report_id] = None
            except Refused as refusal:
                answers[report_id] = refusal.detail
        return answers

    async def decide_duplicate(
        self, principal: Principal, provider_id: str | None, report_id: str, other_id: str, same: bool
    ) -> None:
        """Say whether two reports tell of one event; if so this one leaves the counts and the other stays.

        Raises:
            NotFound: one of them is not there for the principal.
            Invalid: they are of two sites: one event has one place.
            Conflict: this one was withdrawn meanwhile; or the other was, and then one of the two has to stay.
        """
        stored = await self.stored(principal, provider_id, report_id)
        other = await self.stored(principal, provider_id, other_id)
        if other.report.site_id != stored.report.site_id or other_id == report_id:
            raise Invalid("two reports of one event are of one site", (Fault("is of another site", "other"),))
        now, role = self._means.clock.now(), _role(principal)

        def decide(kept: StoredReport | None, case: Case | None, beside: StoredReport | None) -> CaseDecided[None]:
            kept = _open(principal, kept, None)
            steps = _Steps(case or _new_case(kept.report), role, principal.subject)
            steps.add(DECIDED, now, {"other_report_id": other_id, "same_event": same})
            if not same:
                return CaseDecided(None, steps.case)
            if beside is None or beside.withdrawn is not None or beside.erased is not None:
                raise Conflict(f"report {other_id} counts no more: this one stays, or nothing of the event would")
            report = replace(kept.report, revision=kept.report.revision + 1)
            acts = (*kept.acts, act_of(principal, "withdrawn", report.revision, now))
            gone = replace(kept, report=report, acts=acts, withdrawn=Withdrawal("duplicate", now), waiting=False)
            return CaseDecided(None, steps.case, ReportChange(gone, "withdrawn", now))

        await self._cases.change_beside(stored.report.provider_id, report_id, other_id, decide)

    async def release(self, principal: Principal, provider_id: str | None, report_id: str, reason: str) -> None:
        """Let a held report's site see it.

        Raises:
            Forbidden: the principal does not answer for safeguarding.
            NotFound, Invalid, Conflict: as `review`.
        """
        if not principal.sees_held or not principal.roles & {Role.SAFEGUARDING, Role.GOVERNANCE}:
            raise Forbidden("releasing a held report is for the safeguarding lead")
        if reason not in RELEASE_REASONS:
            raise Invalid("the reason is not known", (Fault("one of " + ", ".join(RELEASE_REASONS), "reason"),))
        stored = await self.stored(principal, provider_id, report_id)
        now, role = self._means.clock.now(), _role(principal)

        def decide(kept: StoredReport | None, case: Case | None) -> CaseDecided[None]:
            kept = _open(principal, kept, None)
            if kept.report.visibility != HELD:
                return CaseDecided(None)
            report = replace(kept.report, visibility=SITE, revision=kept.report.revision + 1)
            acts = (*kept.acts, act_of(principal, "amended", report.revision, now))
            steps = _Steps(case or _new_case(report), role, principal.subject)
            steps.add(RELEASED, now, {"reason": reason})
            return CaseDecided(None, steps.case, ReportChange(replace(kept, report=report, acts=acts), "amended", now))

        await self._cases.change(stored.report.provider_id, report_id, decide)

    def _closed(self, stored: StoredReport, labels: Labels) -> tuple[StoredReport, bool]:
        """Destroy the key to who told it, unless they gave their name openly or something holds it."""
        held = holds_on(labels.escalate, labels.open_duties, stored.legal_hold)
        if stored.report.identity_mode == "named" or held:
            return stored, False
        return replace(stored, sealed=self._means.vault.without_identity(stored.sealed)), True

    async def _cards(
        self, provider_id: str, shown: Sequence[StoredReport], among: Sequence[StoredReport]
    ) -> list[Card]:
        reports = {one.report.report_id: one.report for one in among}
        labels = await self._labels.labels(provider_id, [(one.site_id, one.report_id) for one in reports.values()])
        cases = await self._cases.cases(provider_id, [one.report.report_id for one in shown])
        facts = {key: facts_of(one, labels.get(key, Labels({}))) for key, one in reports.items()}
        by_site: dict[str, dict[str, object]] = {}
        for key, one in reports.items():
            by_site.setdefault(one.site_id, {})[key] = None
        now = self._means.clock.now()
        cards = []
        for stored in shown:
            report = stored.report
            own = {key: facts[key] for key in by_site[report.site_id]}
            case = cases.get(report.report_id) or _new_case(report)
            decided = {step.facts["other_report_id"] for step in case.of(DECIDED)}
            alike = [(reports[key], why) for key, why in look_alikes(report.report_id, own) if key not in decided]
            found = labels.get(report.report_id, Labels({}))
            age = now - report.reported_at
            bulk = _is_low(report, found) and not alike and not case.closed
            cards.append(Card(stored, found, case, level_at(age), age, alike, bulk))
        return cards


class _Steps:
    """Adds steps to a case on behalf of one reviewer."""

    def __init__(self, case: Case, role: str, subject: str) -> None:
        self.case = case
        self._role = role
        self._subject = subject

    def add(self, kind: str, at: datetime, facts: Mapping[str, Any], words: bytes | None = None) -> None:
        self.case = self.case.with_step(kind, at, self._role, self._subject, facts, words)

    def say(
        self, means: Means, stored: StoredReport, kind: str, at: datetime, words: str, facts: Mapping[str, Any]
    ) -> None:
        part = part_of(len(self.case.steps) + 1)
        self.add(kind, at, facts, means.vault.seal_part(self.case.report_id, stored.sealed, part, words.encode()))


def _check(review: Review) -> None:
    faults = []
    if review.decision not in (None, "accepted", "corrected"):
        faults.append(Fault("is accepted or corrected", "decision"))
    if review.outcome is not None and review.outcome not in OUTCOMES:
        faults.append(Fault("one of " + ", ".join(OUTCOMES), "outcome"))
    if review.message_kind not in ("thanks", "outcome", "message"):
        faults.append(Fault("is thanks, outcome or message", "message_kind"))
    for field, words in (("message", review.message), ("question", review.question)):
        if words and len(words) > SAID_MAX_CHARS:
            faults.append(Fault(f"has {len(words)} characters: at most {SAID_MAX_CHARS} are taken", field))
    if not (review.decision or review.message or review.question or review.outcome):
        faults.append(Fault("is missing: accept, thank, ask or close", "decision"))
    if review.question and review.outcome:
        faults.append(Fault("waits for an answer: ask or close, not both", "question"))
    if faults:
        raise Invalid("nothing was done; see errors", tuple(faults))


def _open(principal: Principal, stored: StoredReport | None, case: Case | None) -> StoredReport:
    if stored is None or not _visible(principal, stored.report):
        raise NotFound("this report is not known here")
    if stored.erased is not None or stored.withdrawn is not None:
        raise Conflict("this report was withdrawn or erased; load the page again")
    if case is not None and case.closed:
        raise Conflict("this report was closed meanwhile; load the page again")
    return stored


def _visible(principal: Principal, report: Report) -> bool:
    return principal.may_see_site(report.site_id) and (report.visibility != HELD or principal.sees_held)


def _new_case(report: Report) -> Case:
    return Case(report.report_id, report.provider_id, report.site_id)


def _role(principal: Principal) -> str:
    return act_of(principal, "", 0, principal.expires_at).by_role


def _rank(card: Card) -> tuple[int, int]:
    unknown = 2
    severity = _WORST_FIRST.get(card.labels.severity or "", unknown)
    return (0 if card.labels.escalate or card.report.visibility == HELD else 1, severity)


def _is_low(report: Report, labels: Labels) -> bool:
    sure = labels.known and labels.review_reason is None and not labels.escalate and labels.open_duties == 0
    calm = (report.worry or 1) <= 2 and report.visibility != HELD and report.language in (None, "en")
    return sure and calm and labels.severity == LOW
