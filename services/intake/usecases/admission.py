"""Takes reports in: from a submission to an accepted, repeated or amended report; the promise behind the 202."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.intake.domain import rules
from services.intake.domain.pseudonyms import Pseudonyms
from services.intake.domain.report import (
    AccusesManager,
    Redact,
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
    Registry,
    ReportStore,
    Vault,
)
from services.intake.usecases.groups import Groups
from services.intake.usecases.settling import Outcome, Prepared, Settling
from shared.kernel.clock import Clock
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


@dataclass(frozen=True, slots=True)
class Redactor:
    """The pure rules that look at text, with their version."""

    redact: Redact
    version: str
    accuses_manager: AccusesManager


class Admission:
    """Takes reports in.

    Args:
        registry: Knows the sites.
        store: Keeps the reports.
        vault: Keeps the originals.
        pseudonyms: Makes tokens and body hashes.
        redactor: Looks at the text.
        clock: The source of now.
        randomness: For reports that bring no key of their own.
        backlog: How much waits to be sent.
        count: Called with each outcome, for the metrics.
        text_max_chars: Longest narrative.
        group_max: Largest group of one transaction.
    """

    def __init__(
        self,
        registry: Registry,
        store: ReportStore,
        vault: Vault,
        pseudonyms: Pseudonyms,
        redactor: Redactor,
        clock: Clock,
        randomness: Randomness,
        backlog: Backlog,
        count: Callable[[str], None],
        text_max_chars: int,
        group_max: int = 500,
    ) -> None:
        self._registry = registry
        self._store = store
        self._vault = vault
        self._pseudonyms = pseudonyms
        self._redactor = redactor
        self._clock = clock
        self._randomness = randomness
        self._backlog = backlog
        self._count = count
        self._text_max_chars = text_max_chars
        self._groups: Groups[Prepared, Outcome | Refused] = Groups(self._commit, group_max, 10 * group_max)

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
        sites = await self._registry.sites(
            [
                (provider, order.submission.site_id)
                for provider, order in zip(providers, orders, strict=True)
                if isinstance(provider, str)
            ]
        )
        ready: list[Prepared | Exception] = []
        for number, (provider, order) in enumerate(zip(providers, orders, strict=True), start=1):
            if isinstance(provider, Refused):
                ready.append(provider)
                continue
            site = sites.get((provider, order.submission.site_id))
            ready.append(self._tried(order, site if site and principal.may_see_site(site.site_id) else None))
            if number % BREATH_EVERY == 0:
                await asyncio.sleep(0)
        return await self._write(ready)

    async def _write(self, ready: Sequence[Prepared | Exception]) -> list[Outcome | Exception]:
        answers = iter(await self._groups.submit([one for one in ready if isinstance(one, Prepared)]))
        settled = [next(answers) if isinstance(one, Prepared) else one for one in ready]
        for answer in settled:
            self._count(answer.status if isinstance(answer, Outcome) else "refused")
        return settled

    async def _commit(self, group: Sequence[Prepared]) -> Sequence[Outcome | Refused]:
        def decide(found: Found, claims: Claims) -> Decided[list[Outcome | Refused]]:
            return Settling(found, claims, self._vault, self._pseudonyms).group(group)

        keys = [key for one in group for key in one.report_keys()]
        claim_ids = [claim for one in group for claim in one.claim_ids()]
        return await self._store.change(keys, claim_ids, decide)

    def _tried(self, order: Order, site: Site | None) -> Prepared | Exception:
        try:
            return self._prepare(order, site)
        except Exception as error:  # noqa: BLE001 - the answer of this order; one odd text must not stop an import
            return error

    def _prepare(self, order: Order, site: Site | None) -> Prepared | Refused:
        submission, received_at = order.submission, self._clock.now()
        faults = rules.check_text(submission.text, self._text_max_chars)
        faults += rules.check_disruption(submission) + rules.check_no_names(submission)
        times, wrong = settle_times(
            submission.occurred_at, submission.occurred_band, submission.reported_at, received_at
        )
        faults += wrong
        if site is None:
            faults.append(Fault(f"{submission.site_id} is not a site that is known here", "site_id"))
        elif not wrong:
            faults += rules.check_site(site, times)
        if faults or site is None:
            return _broken(faults)
        narrative = narrative_of(submission)
        words, too_long = redact_narrative(narrative, submission.names(), self._redactor.redact)
        if too_long:
            return _broken(too_long)
        report_id, claim_id = self._ids(site.provider_id, order)
        report = draft_report(
            submission,
            report_id,
            site,
            times,
            received_at,
            words,
            self._pseudonyms,
            self._redactor.accuses_manager,
            self._redactor.version,
        )
        return Prepared(
            submission=submission,
            report=report,
            identity=identity_of(submission),
            narrative=narrative,
            body_hash=self._pseudonyms.body_hash(submission.body),
            claim_id=claim_id,
            keyed=order.idempotency_key is not None,
            replay=order.replay,
        )

    def _ids(self, provider_id: str, order: Order) -> tuple[str, str | None]:
        """Return the report's id and, where an external reference decides it, the id that the key would have given.

        The reference goes first: the same incident in the source system is the same report, whatever key a retry of
        the transport came with.
        """
        key, reference = order.idempotency_key, order.submission.external_reference
        by_key = None if key is None else report_id_of(provider_id, "key", key)
        if reference is not None:
            return report_id_of(provider_id, "reference", reference.system, reference.id), by_key
        return by_key or report_id_of(provider_id, "random", self._randomness.new_secret()), None


def _provider(principal: Principal, submission: Submission) -> str | Refused:
    try:
        return principal.provider(submission.provider_id)
    except NotFound as refusal:
        return NotFound(refusal.detail, (Fault("is not known here", "provider_id"),))
    except Forbidden as refusal:
        return Invalid(refusal.detail, (Fault("is missing: this key is not bound to a provider", "provider_id"),))


def _broken(faults: Sequence[Fault]) -> Invalid:
    what = "one rule is" if len(faults) == 1 else f"{len(faults)} rules are"
    return Invalid(f"the report was not taken: {what} broken; see errors", tuple(faults))
