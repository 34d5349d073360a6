"""Decides a group of reports against what is stored: new, a repeat, an amendment or a refusal; writes nothing."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from services.intake.domain import rules
from services.intake.domain.acts import Act, act_of
from services.intake.domain.report import HELD, Draft, Identity, Narrative, Report, redact_narrative, succeed
from services.intake.ports import Claim, Claims, Decided, Found, NewReport, ReportChange, Sealed, StoredReport
from services.intake.usecases.means import Means
from shared.kernel.errors import Conflict, Fault, Invalid, Refused
from shared.kernel.principal import Principal, Role

ACCEPTED = "accepted"
REPEATED = "repeated"
PHOTO = "photo"
"""Which part of the sealed narrative a photo is."""
REVIEWED_WITHIN = timedelta(days=28)
"""What was told longer ago than this when it reaches us is history: nobody is asked to review it."""
AMENDED = "amended"


class Outcome(NamedTuple):
    """What became of a submission: accepted, repeated or amended."""

    report_id: str
    status: str
    received_at: datetime


class Mark(NamedTuple):
    """What a submission is known by.

    Attributes:
        sender: Who sends it.
        claim_id: The id that its Idempotency-Key alone would have given, where an external reference gave another.
        keyed: Whether an Idempotency-Key came with it.
        referenced: Whether an external reference came with it.
    """

    sender: Principal
    provider_id: str
    report_id: str
    body_hash: bytes
    claim_id: str | None
    keyed: bool
    referenced: bool

    def report_keys(self) -> list[tuple[str, str]]:
        """Return provider and id of every stored report that has a say; of one that brings nothing to know it by, none.

        Its id is 256 random bits: there is nothing to look for.
        """
        if not (self.keyed or self.referenced):
            return []
        ids = [self.report_id] + ([self.claim_id] if self.claim_id else [])
        return [(self.provider_id, one) for one in ids]

    def claim_ids(self) -> list[str]:
        """Return the ids of the claims that have a say."""
        return [self.claim_id or self.report_id] if self.keyed else []


class Kept(NamedTuple):
    """What came around a submission, see `admission.Order`; and the trace of the request that it came with."""

    replay: bool = False
    code_hash: bytes | None = None
    photo: bytes | None = None
    trace: bytes | None = None


ORDINARY = Kept()


class Prepared(NamedTuple):
    """A checked and redacted submission, ready to be written.

    Attributes:
        draft: The state that it would have as a new report.
        kept: What came around it.
    """

    mark: Mark
    draft: Draft
    identity: Identity
    narrative: Narrative
    kept: Kept


class Doubtful(NamedTuple):
    """A submission that breaks a rule now. Where it was taken before, when it broke none, it is still a repeat."""

    mark: Mark
    refusal: Refused


class Settling:
    """One try of one group: each decision sees the ones before it.

    Args:
        found: What is stored of the group's reports.
        claims: What is stored of its keys.
        means: What it works with.
    """

    def __init__(self, found: Found, claims: Claims, means: Means) -> None:
        self._found = dict(found)
        self._claims = dict(claims)
        self._means = means
        self._changes: list[ReportChange] = []
        self._new: list[NewReport] = []
        self._new_claims: list[Claim] = []
        self._last_act: tuple[Any, Act] | None = None

    def group(self, prepared: Sequence[Prepared | Doubtful]) -> Decided[list[Outcome | Refused]]:
        """Decide all of a group, in order."""
        answers: list[Outcome | Refused] = []
        named = Counter([one.mark.report_id for one in prepared])
        named.update(one.mark.claim_id for one in prepared if one.mark.claim_id)
        for one in prepared:
            if isinstance(one, Prepared) and named[one.mark.report_id] == 1 and self._stands_alone(one):
                answers.append(self._begin(one))
                continue
            try:
                answers.append(self._one(one))
            except Refused as refusal:
                answers.append(refusal)
        return Decided(answers, self._changes, self._new_claims, self._new)

    def _stands_alone(self, new: Prepared) -> bool:
        """Tell whether nothing is stored that has a say, and nothing rare came with it; in its group it is alone."""
        mark, kept = new.mark, new.kept
        return (
            mark.report_id not in self._found
            and mark.claim_id is None
            and not (mark.keyed and mark.report_id in self._claims)
            and kept.code_hash is None
            and kept.photo is None
        )

    def _begin(self, new: Prepared) -> Outcome:
        """Take in a report that stands alone, as `_one` would."""
        mark, draft, identity, narrative, kept = new
        report_id, at = draft.report_id, draft.received_at
        sealed = self._means.vault.seal(report_id, 1, identity, narrative)
        act = self._act(mark.sender, "received", 1, at)
        waiting, effective_at, replay = _counts(new, draft.times.reported_at)
        self._new.append(NewReport(draft, sealed, mark.body_hash, act, waiting, effective_at, replay, kept.trace))
        return Outcome(report_id, ACCEPTED, at)

    def _one(self, new: Prepared | Doubtful) -> Outcome:
        mark = new.mark
        used = self._key_was_used(mark)
        stored = self._found.get(mark.report_id)
        if stored is not None and not _may_touch(stored, mark):
            raise _unusable()
        if stored is not None and (used or _sent_before(stored, mark)):
            outcome = Outcome(mark.report_id, REPEATED, stored.report.received_at)
        elif isinstance(new, Doubtful):
            raise new.refusal
        elif stored is None:
            outcome = self._accept(new)
        elif not mark.referenced:
            raise _other_body()
        else:
            outcome = self._amend(stored, new)
        if mark.claim_id and not used:
            claim = Claim(mark.claim_id, mark.provider_id, mark.report_id, mark.body_hash)
            self._claims[claim.claim_id] = claim
            self._new_claims.append(claim)
        return outcome

    def _key_was_used(self, mark: Mark) -> bool:
        """Tell whether the key came with this very body before, even if the report was amended since.

        Raises:
            Invalid: it came with another body.
        """
        if not mark.keyed:
            return False
        if mark.claim_id and mark.claim_id in self._found:
            raise _other_body()
        claims = [self._claims[one] for one in mark.claim_ids() if one in self._claims]
        if any(not hmac.compare_digest(claim.body_hash, mark.body_hash) for claim in claims):
            raise _other_body()
        return bool(claims)

    def _accept(self, new: Prepared) -> Outcome:
        report = new.draft.report()
        sealed = self._means.vault.seal(report.report_id, 1, new.identity, new.narrative)
        self._note(new, report, sealed, "received")
        return Outcome(report.report_id, ACCEPTED, report.received_at)

    def _amend(self, stored: StoredReport, new: Prepared) -> Outcome:
        report_id = stored.report.report_id
        if stored.report.site_id != new.draft.submission.site_id:
            detail = f"report {report_id} belongs to another site; a report never moves: withdraw it and send it anew"
            raise Invalid(detail, (Fault("differs from the site that the report came with", "site_id"),))
        if stored.withdrawn is not None:
            detail = f"report {report_id} was withdrawn ({stored.withdrawn.reason}) and takes no changes"
            raise Conflict(detail, (Fault("belongs to a withdrawn report", "external_reference.id"),))
        report = succeed(stored.report, self._hidden(stored, new), new.draft.submission, self._means.pseudonyms)
        sealed = self._means.vault.seal(report_id, report.revision, new.identity, new.narrative, stored.sealed)
        self._note(new, report, sealed, "amended", stored)
        return Outcome(report_id, AMENDED, report.received_at)

    def _hidden(self, stored: StoredReport, new: Prepared) -> Report:
        """Return what was sent without the names that earlier revisions brought: a name once hidden stays hidden."""
        sent, redact = new.draft.report(), self._means.redactor.redact
        told = new.draft.submission.names()
        names = tuple(dict.fromkeys((*told, *self._means.vault.names(stored.report.report_id, stored.sealed))))
        if names == told:
            return sent
        (text, place, stopped), faults = redact_narrative(new.narrative, names, redact)
        faults += rules.check_no_names(sent.asset_ref, sent.external_reference, sent.disruption, names, redact)
        if faults:
            raise Invalid("the report was not taken; see errors", tuple(faults))
        return replace(sent, text=text, place=place, what_stopped_it=stopped)

    def _note(
        self, new: Prepared, report: Report, sealed: Sealed, what: str, before: StoredReport | None = None
    ) -> None:
        recorded_at = new.draft.received_at
        act = self._act(new.mark.sender, what, report.revision, recorded_at)
        kept, vault = new.kept, self._means.vault
        waiting, effective_at, loaded = _counts(new, report.reported_at)
        if before is None:
            own = (new.mark.body_hash,)
            stored = StoredReport(report, sealed, own, (act,), code_hash=kept.code_hash, waiting=waiting)
        else:
            hashes = (*before.body_hashes, new.mark.body_hash)
            stored = replace(before, report=report, sealed=sealed, body_hashes=hashes, acts=(*before.acts, act))
        self._found[report.report_id] = stored
        photo = vault.seal_part(report.report_id, sealed, PHOTO, kept.photo) if kept.photo else None
        self._changes.append(ReportChange(stored, what, recorded_at, effective_at, loaded, kept.trace, photo))

    def _act(self, sender: Principal, what: str, revision: int, at: datetime) -> Act:
        """Return the act; most reports of a group have the one of the report before."""
        asked = (what, revision, at)
        last = self._last_act
        if last is None or last[0][0] is not sender or last[0][1] != asked:
            last = self._last_act = (sender, asked), act_of(sender, what, revision, at)
        return last[1]


def _counts(new: Prepared, reported_at: datetime) -> tuple[bool, datetime | None, bool]:
    """Say whether a new report waits for a review, from when it counts where not from now, and if it is history."""
    backfill = new.draft.submission.origin == "backfill"
    waiting = not (backfill or new.draft.received_at - reported_at > REVIEWED_WITHIN)
    return waiting, reported_at if new.kept.replay else None, new.kept.replay or backfill


def _sent_before(stored: StoredReport, mark: Mark) -> bool:
    return any(hmac.compare_digest(one, mark.body_hash) for one in stored.body_hashes)


def _may_touch(stored: StoredReport, mark: Mark) -> bool:
    """Tell whether a sender may amend or learn of the report that its reference stands for.

    What is out of a sender's sight is so here too. A feed carries what its source says and sees nothing of it; and who
    sends the very words again that they sent learns nothing.
    """
    sender, report = mark.sender, stored.report
    if not mark.referenced or (_sent_before(stored, mark) and _sent_by(stored, sender)):
        return True
    if not sender.may_see_site(report.site_id):
        return False
    return report.visibility != HELD or sender.sees_held or Role.FEED in sender.roles


def _sent_by(stored: StoredReport, sender: Principal) -> bool:
    return any(act.by_subject == sender.subject for act in stored.acts)


def _unusable() -> Invalid:
    return Invalid("this reference cannot be used", (Fault("cannot be used", "external_reference"),))


def _other_body() -> Invalid:
    return Invalid(
        "this Idempotency-Key was used with another body; use a new key for another report",
        (Fault("was used with another body", "Idempotency-Key"),),
    )
