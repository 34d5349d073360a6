"""Takes reports in: from a submission to an accepted, repeated or amended report; the promise behind the 202."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

from services.intake.domain.sites import Site
from services.intake.ports import Backlog, Claims, Decided, Found, Randomness
from services.intake.usecases.groups import Groups, each_answered
from services.intake.usecases.means import Means
from services.intake.usecases.preparing import Asked, Order, Preparing
from services.intake.usecases.settling import Doubtful, Outcome, Prepared, Settling
from shared.kernel.errors import Fault, Forbidden, Invalid, NotFound, Refused, Unavailable
from shared.kernel.principal import Principal

Place = tuple[str, str]
"""Provider and site id."""
Ready = Prepared | Doubtful | Exception
"""A checked submission; or why it is not to be stored."""


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
        self._one_import = asyncio.Lock()
        self._groups: Groups[Asked, Prepared | Doubtful, Outcome | Refused] = Groups(
            self._ready, self._store, group_max, 10 * group_max
        )

    async def receive(self, principal: Principal, order: Order) -> Outcome:
        """Take one report in; when this returns, it is stored durably with its pending event.

        Raises:
            Invalid: the submission breaks rules, or its Idempotency-Key was used with another body; names the fields.
            Conflict: its external reference belongs to a withdrawn report.
            NotFound: another tenant's provider was named.
            Unavailable: the database is away or too much waits to be sent; nothing was taken, or all of it was and
                sending it again with the same key or reference repeats it.
        """
        self._refuse_when_full()
        provider = _provider(principal, order.submission.provider_id)
        if isinstance(provider, Refused):
            self._means.count("refused")
            raise provider
        place = provider, order.submission.site_id
        site = _reached(principal, await self._means.registry.sites([place])).get(place)
        (answer,) = await self._groups.submit([Asked(principal, order, site, self._means.trace())])
        self._means.count(_status(answer))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def prepare_many(self, principal: Principal, orders: Sequence[Order]) -> Sequence[Ready]:
        """Check and redact several reports; one that is refused, or meets a bug, does not stop the others.

        Returns:
            What `store_many` takes, in order.

        Raises:
            Unavailable: too much waits to be sent.
        """
        self._refuse_when_full()
        submissions = [order.submission for order in orders]
        providers = {named: _provider(principal, named) for named in {one.provider_id for one in submissions}}
        places = {(providers[one.provider_id], one.site_id) for one in submissions}
        known = [(provider, site_id) for provider, site_id in places if isinstance(provider, str)]
        sites, trace = _reached(principal, await self._means.registry.sites(known)), self._means.trace()
        asked: list[Asked] = []
        refused: dict[int, Refused] = {}
        for number, (order, submission) in enumerate(zip(orders, submissions, strict=True)):
            provider = providers[submission.provider_id]
            if isinstance(provider, str):
                asked.append(Asked(principal, order, sites.get((provider, submission.site_id)), trace))
            else:
                refused[number] = provider
        made: Sequence[Ready] = await each_answered(self._ready, asked)
        ready = list(made)
        for number, refusal in refused.items():
            ready.insert(number, refusal)
        return ready

    async def store_many(self, ready: Sequence[Ready]) -> Sequence[Outcome | Exception]:
        """Store what was prepared, in one transaction; a bug of one of them does not stop the others.

        Args:
            ready: What `prepare_many` gave.

        Returns:
            For each its outcome, its refusal, or the error of the bug that it met.

        Raises:
            Unavailable: the database is away; nothing of it was stored, or all of it was.
        """
        whole = [one for one in ready if not isinstance(one, Exception)]
        async with self._one_import:  # two that bring the same reports would only meet in the database
            stored = await each_answered(self._store, whole) if whole else ()
        for answer in stored:
            if isinstance(answer, Unavailable):
                raise answer
        answers = stored
        if len(whole) < len(ready):
            rest = iter(stored)
            answers = [one if isinstance(one, Exception) else next(rest) for one in ready]
        for status, times in Counter([_status(answer) for answer in answers]).items():
            self._means.count(status, times)
        return answers

    def _refuse_when_full(self) -> None:
        if self._backlog.full():
            raise Unavailable("too many events wait to be sent", retry_after_s=30)

    async def _ready(self, group: Sequence[Asked]) -> Sequence[Ready]:
        return await Preparing(self._means, self._randomness).all(group)

    async def _store(self, group: Sequence[Prepared | Doubtful]) -> Sequence[Outcome | Refused]:
        def decide(found: Found, claims: Claims) -> Decided[list[Outcome | Refused]]:
            return Settling(found, claims, self._means).group(group)

        keys = [key for one in group for key in one.mark.report_keys()]
        claim_ids = [claim for one in group for claim in one.mark.claim_ids()]
        return await self._means.store.change(keys, claim_ids, decide)


def _reached(principal: Principal, sites: Mapping[Place, Site]) -> dict[Place, Site]:
    """Return the sites that somebody reaches."""
    return {place: site for place, site in sites.items() if principal.may_see_site(site.site_id)}


def _status(answer: Outcome | Exception) -> str:
    return answer.status if isinstance(answer, Outcome) else "refused"


def _provider(principal: Principal, named: str | None) -> str | Refused:
    try:
        return principal.provider(named)
    except NotFound as refusal:
        return NotFound(refusal.detail, (Fault("is not known here", "provider_id"),))
    except Forbidden as refusal:
        return Invalid(refusal.detail, (Fault("is missing: this key is not bound to a provider", "provider_id"),))
