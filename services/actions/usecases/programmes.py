"""Programmes: set up by a group lead from what was fixed at several sites, and judged by every weekly review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from services.actions.domain import programmes
from services.actions.domain.detection.series import SeriesBook
from services.actions.domain.programmes import Programme, SiteTrial
from services.actions.ports import Act, HistoryLine, Store, Wanted
from services.actions.ports.oversight import Oversight, OversightWork, Shelf
from services.actions.usecases.desk import Who, redacted_words
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Forbidden, Invalid, NotFound
from shared.taxonomy.detection_data import DetectionData

EVENT = "ProgrammeAssessed"
SYSTEM = "system"


async def judge(
    work: OversightWork,
    provider_id: str,
    trials: Mapping[str, SiteTrial],
    data: DetectionData,
    day: date,
    at: datetime,
    replay: bool,
) -> None:
    """Bring a provider's programmes up to what a review counted.

    Args:
        work: The transaction.
        provider_id: The tenant.
        trials: By evaluation, what the review counted; nothing on days between weekly reviews.
        data: The rules, and what a reader calls things.
        day: The reviewed day.
        at: When it counts from.
        replay: Whether it is replayed history.
    """
    if not trials:
        return
    book = SeriesBook(data)
    for programme in await work.programmes.running(provider_id):
        keys = [site.evaluation_id for site in programme.sites]
        verdicts = await work.signals.verdicts(provider_id, keys)
        rules, title = data.rules_on(day), book.title(programme.series)
        after = programmes.assessed(programme, trials, verdicts, title, day, rules)
        if after is not programme:
            await work.programmes.save(after, Act(EVENT, SYSTEM, "", at, replay=replay))


class ProgrammeDesk:
    """What people do with programmes.

    Args:
        oversight: Runs the changes.
        store: What was fixed at the sites.
        shelf: Programmes as they are read.
        data: The rules.
        clock: The source of now.
    """

    def __init__(
        self, oversight: Oversight, store: Store, shelf: Shelf[Programme], data: DetectionData, clock: Clock
    ) -> None:
        self._oversight = oversight
        self._store = store
        self._shelf = shelf
        self._data = data
        self._clock = clock

    async def set_up(self, who: Who, title: str, action_ids: Sequence[str]) -> Programme:
        """Join actions of several sites; the same again is the same programme. See `domain.programmes.set_up`.

        Raises:
            Forbidden: the reader does not see all sites.
            NotFound: an action has no evaluation in reach.
            Invalid: the title is blank, or the actions cannot be pooled.
        """
        _refuse_partial(who)
        words = redacted_words(title, "title")
        if not words:
            raise Invalid("say what the programme is called", (Fault("must not be blank", "title"),))
        evaluations = []
        for action_id in dict.fromkeys(action_ids):
            found = await self._store.evaluation_of(who.provider_id, action_id)
            if found is None or not who.reaches(found.site_id, found.visibility):
                raise NotFound(f"action {action_id} has no evaluation here")
            evaluations.append(found)
        today = london_date(self._clock.now())
        made = programmes.set_up(who.provider_id, words, evaluations, today, self._data.rules_on(today).version)

        async def work(work: OversightWork) -> Programme:
            known = (await work.programmes.load(who.provider_id, [made.programme_id])).get(made.programme_id)
            if known is not None:
                return known
            await work.programmes.save(made, Act(EVENT, who.role, who.principal.subject, work.now))
            return made

        return await self._oversight.run(work)

    async def page(self, who: Who, limit: int, after: tuple[date, str] | None) -> list[Programme]:
        """Return programmes, the last set up first.

        Raises:
            Forbidden: the reader does not see all sites.
        """
        _refuse_partial(who)
        return await self._shelf.page(
            Wanted(who.provider_id, None, programmes.STATUSES, who.principal.sees_held, limit, after)
        )

    async def one(self, who: Who, programme_id: str) -> tuple[Programme, list[HistoryLine]]:
        """Return one programme with its history.

        Raises:
            Forbidden: the reader does not see all sites.
            NotFound: there is no such programme.
        """
        _refuse_partial(who)
        found = await self._shelf.one(who.provider_id, programme_id)
        if found is None:
            raise NotFound(f"programme {programme_id} is not known here")
        return found


def _refuse_partial(who: Who) -> None:
    """Refuse who sees only some sites: a programme shows the figures of all of its own."""
    if who.principal.sites is not None:
        raise Forbidden("a programme shows several sites: it is for those who see them all")
