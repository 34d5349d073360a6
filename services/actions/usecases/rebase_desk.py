"""Where people decide that limits begin anew, and what they may read of such decisions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime

from services.actions.domain import rebases
from services.actions.domain.detection.one_series import Series
from services.actions.domain.rebases import Rebase
from services.actions.ports import Act
from services.actions.ports.oversight import Oversight, OversightWork, Shelf
from services.actions.usecases.desk import Desk, Who, redacted_words
from shared.kernel.errors import NotFound

EVENT = "LimitsRebased"


class RebaseDesk:
    """The act and the reading.

    Args:
        oversight: Runs the changes.
        shelf: Decisions as they are read.
        desk: What is in reach.
        domains: The words that a series may name.
    """

    def __init__(self, oversight: Oversight, shelf: Shelf[Rebase], desk: Desk, domains: Collection[str]) -> None:
        self._oversight = oversight
        self._shelf = shelf
        self._desk = desk
        self._domains = domains

    async def page(self, who: Who, site_id: str | None, limit: int, after: tuple[datetime, str] | None) -> list[Rebase]:
        """Return the decisions in reach, the last one first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._shelf.page(await self._desk.wanted(who, site_id, rebases.STATUSES, limit, after))
        return found if who.reads_words else [replace(rebase, reason="") for rebase in found]

    async def decide(
        self, who: Who, site_id: str, domain: str | None, begins_on: date, reason: str, signal_id: str | None
    ) -> Rebase:
        """Decide that the limits of a site's chart begin anew; see `domain.rebases.decided`.

        Args:
            who: Who decides.
            site_id: The site.
            domain: The chart's domain; None for all reports of the site.
            begins_on: The Monday.
            reason: What changed, as typed.
            signal_id: The question that led to it.

        Raises:
            NotFound: the site or the signal is not known, or not in reach.
            Invalid: the day, the domain or the reason is none.
        """
        await self._desk.wanted(who, site_id, (), 1, None)
        words = redacted_words(reason, "reason") or ""
        series = Series((domain,)) if domain else Series()

        async def work(work: OversightWork) -> Rebase:
            if signal_id is not None:
                signal = (await work.signals.load(who.provider_id, {signal_id})).get(signal_id)
                if signal is None or signal.site_id != site_id or not who.reaches(site_id, signal.visibility):
                    raise NotFound(f"signal {signal_id} is not known here")
            made = rebases.decided(
                (who.provider_id, site_id), series, begins_on, words, signal_id, who.role, work.now, self._domains
            )
            known = (await work.rebases.load(who.provider_id, [made.rebase_id])).get(made.rebase_id)
            if known is not None:
                return known
            await work.rebases.save(made, Act(EVENT, who.role, who.principal.subject, work.now, words))
            return made

        return await self._oversight.run(work)
