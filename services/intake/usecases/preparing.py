"""Checks and redacts a group of submissions: each comes out as what may be written, or with what is wrong with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.intake.domain import rules
from services.intake.domain.report import (
    Narrative,
    draft_of,
    identity_of,
    narrative_of,
    redact_narrative,
    report_id_of,
)
from services.intake.domain.sites import Site
from services.intake.domain.submission import Submission
from services.intake.domain.times import Times, settle_times
from services.intake.ports import Randomness
from services.intake.usecases.means import Means
from services.intake.usecases.settling import ORDINARY, Doubtful, Kept, Mark, Prepared
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault, Invalid, Refused
from shared.kernel.principal import Principal

BREATH_EVERY = 20
"""After so many reports of an import others get a turn: redaction is work for the processor."""


class Order(NamedTuple):
    """A submission with what came around it.

    Attributes:
        idempotency_key: The sender's own; None where there is none.
        replay: History that is loaded as it was: it counts from when it was told.
        code_hash: Keyed hash of the return code that its reporter gets.
        photo: A cleaned photo that came with it; kept in the vault alone.
    """

    submission: Submission
    idempotency_key: str | None = None
    replay: bool = False
    code_hash: bytes | None = None
    photo: bytes | None = None


class Asked(NamedTuple):
    """An order on its way: who sent it, the site that they reach by its name, and the trace of the request."""

    principal: Principal
    order: Order
    site: Site | None
    trace: bytes | None


class Preparing:
    """One group, at one moment. What many of its reports have in common is looked up once.

    Args:
        means: What it works with.
        randomness: For reports that bring no key of their own.
    """

    def __init__(self, means: Means, randomness: Randomness) -> None:
        self._means = means
        self._randomness = randomness
        self._now = means.clock.now()
        self._told_now: dict[str | None, Times] = {}
        self._places: dict[tuple[str, str, datetime], tuple[str, list[Fault]]] = {}

    async def all(self, group: Sequence[Asked]) -> Sequence[Prepared | Doubtful | Exception]:
        """Check and redact a group; of one that cannot be written, the error.

        One report's work is like the next one's: done in a row it takes less of the processor than the same work among
        that of the connections.
        """
        ready: list[Prepared | Doubtful | Exception] = []
        told = [narrative_of(one.order.submission) for one in group]
        accused = self._means.redactor.accusing([narrative.whole() for narrative in told])
        for number, (one, narrative, accuses) in enumerate(zip(group, told, accused, strict=True), start=1):
            try:
                ready.append(self._one(one, narrative, accuses))
            except Exception as error:  # noqa: BLE001 - the answer of this order; one odd text must not stop an import
                ready.append(error)
            if number % BREATH_EVERY == 0:
                await asyncio.sleep(0)
        return ready

    def _one(self, asked: Asked, narrative: Narrative, accuses: bool) -> Prepared | Doubtful | Refused:
        principal, order, site, trace = asked
        submission, means = order.submission, self._means
        times, faults = self._times(submission)
        setting = ""
        if site is not None and not faults:
            setting, faults = self._place(site, times)
        faults = [*faults, *rules.check_text(submission.text, means.text_max_chars)]
        names = submission.names()
        if submission.disruption is not None:
            faults += rules.check_disruption(submission.disruption)
        faults += rules.check_no_names(
            submission.asset_ref, submission.external_reference, submission.disruption, names, means.redactor.redact
        )
        if site is None:
            return _broken([*faults, Fault(f"{submission.site_id} is not a site that is known here", "site_id")])
        mark = self._mark(principal, site.provider_id, order)
        if faults:
            return _refused(order, mark, faults)
        words, faults = redact_narrative(narrative, names, means.redactor.redact)
        if faults:
            return _refused(order, mark, faults)
        draft = draft_of(
            submission,
            mark.report_id,
            site.provider_id,
            setting,
            times,
            self._now,
            words,
            means.pseudonyms,
            accuses,
            means.redactor.version,
        )
        return Prepared(mark, draft, identity_of(submission), narrative, _kept(order, trace))

    def _times(self, submission: Submission) -> tuple[Times, list[Fault]]:
        if submission.occurred_at is not None or submission.reported_at is not None:
            return settle_times(submission.occurred_at, submission.occurred_band, submission.reported_at, self._now)
        band = submission.occurred_band
        times = self._told_now.get(band)
        if times is None:
            times, _ = settle_times(None, band, None, self._now)
            self._told_now[band] = times
        return times, []

    def _place(self, site: Site, times: Times) -> tuple[str, list[Fault]]:
        """Return a site's setting when it happened, and why nothing can have happened there then."""
        asked = site.provider_id, site.site_id, times.occurred_at
        known = self._places.get(asked)
        if known is None:
            setting = site.at(london_date(times.occurred_at)).setting
            known = self._places[asked] = setting, rules.check_site(site, times)
        return known

    def _mark(self, principal: Principal, provider_id: str, order: Order) -> Mark:
        """Say what the submission is known by.

        The external reference goes first: the same incident in the source system is the same report, whatever key a
        retry of the transport came with. A key is its sender's own: two feeds may use the same one.
        """
        key, reference = order.idempotency_key, order.submission.external_reference
        by_key = None if key is None else report_id_of(provider_id, "key", principal.subject, key)
        claim_id = None
        if reference is not None:
            report_id, claim_id = report_id_of(provider_id, "reference", reference.system, reference.id), by_key
        else:
            report_id = by_key or report_id_of(provider_id, "random", self._randomness.new_secret())
        body_hash = self._means.pseudonyms.body_hash(order.submission.body)
        return Mark(principal, provider_id, report_id, body_hash, claim_id, key is not None, reference is not None)


def _kept(order: Order, trace: bytes | None) -> Kept:
    _, _, replay, code_hash, photo = order
    if trace is None and not replay and code_hash is None and photo is None:
        return ORDINARY
    return Kept(replay, code_hash, photo, trace)


def _refused(order: Order, mark: Mark, faults: Sequence[Fault]) -> Doubtful | Refused:
    known_before = order.idempotency_key is not None or order.submission.external_reference is not None
    return Doubtful(mark, _broken(faults)) if known_before else _broken(faults)


def _broken(faults: Sequence[Fault]) -> Invalid:
    what = "one rule is" if len(faults) == 1 else f"{len(faults)} rules are"
    return Invalid(f"the report was not taken: {what} broken; see errors", tuple(faults))
