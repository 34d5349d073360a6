"""Takes reports in: from a submission to an accepted, repeated or amended report; the promise behind the 202."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.domain import rules
from services.intake.domain.report import (
    draft_report,
    identity_of,
    narrative_of,
    redact_narrative,
    report_id_of,
)
from services.intake.domain.sites import Site
from services.intake.domain.submission import Submission
from services.intake.domain.times import settle_times
from services.intake.ports import (
    Backlog,
    Claims,
    Decided,
    Found,
    Randomness,
)
from services.intake.usecases.groups import Groups
from services.intake.usecases.means import Means
from services.intake.usecases.settling import Doubtful, Mark, Outcome, Prepared, Settling
from shared.kernel.errors import Fault, Forbidden, Invalid, NotFound, Refused, Unavailable
from shared.kernel.principal import Principal

BREATH_EVERY = 20
"""After so many reports of an import others get a turn: redaction is work for the processor."""


@dataclass(frozen=True, slots=True)
class Order:
    """A submission with what came around it.

    Attributes:
        idempotency_key: The sender's own; None where there is none.
        replay: History that is loaded as it was: it counts from when it was told.
    """

    submission: Submission
    idempotency_key: str | None = None
    replay: bool = False


class Admission:
    """Takes reports in.

    Args:
        means: What it works with.
        randomness: For reports that bring no key of their own.
        backlog: How much waits to be sent.
        group_max: Largest group of one transaction.
    """

    def __init__(self, means: Means, randomness: Randomness, backlog: Backlog, group_max: int = 500) -> None:
        self._means = means
        self._randomness = randomness
        self._backlog = backlog
        self._groups: Groups[Prepared | Doubtful, Outcome | Refused] = Groups(self._commit, group_max, 10 * group_max)

    async def receive(self, principal: Principal, order: Order) -> Outcome:
        """Take one report in; when this returns, it is stored durably with its pending event.

        Raises:
            Invalid: the submission breaks rules, or its Idempotency-Key was used with another body; names the fields.
            Conflict: its external reference belongs to a withdrawn report.
            NotFound: another tenant's provider was named.
            Unavailable: the database is away or too much waits to be sent; nothing was taken, or all of it was and
                sending it again with the same key or reference repeats it.
        """
        (answer,) = await self.receive_many(principal, [order])
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def receive_many(self, principal: Principal, orders: Sequence[Order]) -> list[Outcome | Exception]:
        """Take several reports in, in order; one that is refused, or meets a bug, does not stop the others.

        Returns:
            For each order its outcome, its refusal, or the error of the bug that it met.

        Raises:
            Unavailable: as `receive`.
        """
        if self._backlog.full():
            raise Unavailable("too many events wait to be sent", retry_after_s=30)
        providers = [_provider(principal, order.submission) for order in orders]
        sites = await self._means.registry.sites(
            [
                (provider, order.submission.site_id)
                for provider, order in zip(providers, orders, strict=True)
                if isinstance(provider, str)
            ]
        )
        ready: list[Prepared | Doubtful | Exception] = []
        for number, (provider, order) in enumerate(zip(providers, orders, strict=True), start=1):
            if isinstance(provider, Refused):
                ready.append(provider)
                continue
            site = sites.get((provider, order.submission.site_id))
            reached = site if site and principal.may_see_site(site.site_id) else None
            ready.append(self._tried(principal, order, reached))
            if number % BREATH_EVERY == 0:
                await asyncio.sleep(0)
        return await self._write(ready)

    async def _write(self, ready: Sequence[Prepared | Doubtful | Exception]) -> list[Outcome | Exception]:
        answers = iter(await self._groups.submit([one for one in ready if not isinstance(one, Exception)]))
        settled = [one if isinstance(one, Exception) else next(answers) for one in ready]
        for answer in settled:
            self._means.count(answer.status if isinstance(answer, Outcome) else "refused")
        return settled

    async def _commit(self, group: Sequence[Prepared | Doubtful]) -> Sequence[Outcome | Refused]:
        def decide(found: Found, claims: Claims) -> Decided[list[Outcome | Refused]]:
            return Settling(found, claims, self._means).group(group)

        keys = [key for one in group for key in one.mark.report_keys()]
        claim_ids = [claim for one in group for claim in one.mark.claim_ids()]
        return await self._means.store.change(keys, claim_ids, decide)

    def _tried(self, principal: Principal, order: Order, site: Site | None) -> Prepared | Doubtful | Exception:
        try:
            return self._prepare(principal, order, site)
        except Exception as error:  # noqa: BLE001 - the answer of this order; one odd text must not stop an import
            return error

    def _prepare(self, principal: Principal, order: Order, site: Site | None) -> Prepared | Doubtful | Refused:
        submission, received_at, means = order.submission, self._means.clock.now(), self._means
        times, faults = settle_times(
            submission.occurred_at, submission.occurred_band, submission.reported_at, received_at
        )
        if site is not None and not faults:
            faults += rules.check_site(site, times)
        faults += rules.check_text(submission.text, means.text_max_chars)
        faults += rules.check_disruption(submission.disruption)
        faults += rules.check_no_names(
            submission.asset_ref,
            submission.external_reference,
            submission.disruption,
            submission.names(),
            means.redactor.redact,
        )
        if site is None:
            return _broken([*faults, Fault(f"{submission.site_id} is not a site that is known here", "site_id")])
        mark = self._mark(principal, site.provider_id, order)
        if faults:
            return _refused(order, mark, faults)
        narrative = narrative_of(submission)
        words, faults = redact_narrative(narrative, submission.names(), means.redactor.redact)
        if faults:
            return _refused(order, mark, faults)
        accuses, version = means.redactor.accuses_manager, means.redactor.version
        report = draft_report(
            submission, mark.report_id, site, times, received_at, words, means.pseudonyms, accuses, version
        )
        return Prepared(mark, submission, report, identity_of(submission), narrative, order.replay)

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


def _provider(principal: Principal, submission: Submission) -> str | Refused:
    try:
        return principal.provider(submission.provider_id)
    except NotFound as refusal:
        return NotFound(refusal.detail, (Fault("is not known here", "provider_id"),))
    except Forbidden as refusal:
        return Invalid(refusal.detail, (Fault("is missing: this key is not bound to a provider", "provider_id"),))


def _refused(order: Order, mark: Mark, faults: Sequence[Fault]) -> Doubtful | Refused:
    known_before = order.idempotency_key is not None or order.submission.external_reference is not None
    return Doubtful(mark, _broken(faults)) if known_before else _broken(faults)


def _broken(faults: Sequence[Fault]) -> Invalid:
    what = "one rule is" if len(faults) == 1 else f"{len(faults)} rules are"
    return Invalid(f"the report was not taken: {what} broken; see errors", tuple(faults))
