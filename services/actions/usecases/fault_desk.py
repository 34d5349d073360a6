"""What people do with assets that are out of use, signed in or as the owner who holds the link of one fault."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.actions.domain.asset_register import refuse_unknown
from services.actions.domain.facts import HELD
from services.actions.domain.oversight import faults
from services.actions.domain.oversight.faults import AssetFault
from services.actions.ports import Act, HistoryLine
from services.actions.ports.oversight import FaultLinks, Oversight, OversightWork, Shelf
from services.actions.usecases.desk import Desk, Who, redacted_words, refuse_wordy_asset
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Conflict, Fault, Invalid, NotFound

EVENT = "AssetStatusChanged"
REPORTS_MAX = 50


@dataclass(frozen=True, slots=True)
class TakingOut:
    """What somebody says who takes an asset out of use."""

    site_id: str
    asset: str
    reason: str
    owner: str
    promised_on: date | None = None
    report_ids: tuple[str, ...] = ()


class FaultDesk:
    """The acts and the reading.

    Args:
        oversight: Runs the changes.
        shelf: Faults as they are read.
        links: Finds the fault of a link.
        desk: What is in reach.
        clock: The source of now.
        secret: Makes the secret of a link.
        hashed: What is kept of it.
    """

    def __init__(
        self,
        oversight: Oversight,
        shelf: Shelf[AssetFault],
        links: FaultLinks,
        desk: Desk,
        clock: Clock,
        secret: Callable[[], str],
        hashed: Callable[[str], str],
    ) -> None:
        self._oversight = oversight
        self._shelf = shelf
        self._links = links
        self._desk = desk
        self._clock = clock
        self._secret = secret
        self._hashed = hashed

    async def page(
        self, who: Who, site_id: str | None, statuses: Sequence[str], limit: int, after: tuple[datetime, str] | None
    ) -> list[AssetFault]:
        """Return the faults in reach, the last one first.

        Raises:
            NotFound: the site is not known, or not in reach.
        """
        found = await self._shelf.page(await self._desk.wanted(who, site_id, statuses, limit, after))
        return [_shown(who, fault) for fault in found]

    async def one(self, who: Who, fault_id: str) -> tuple[AssetFault, list[HistoryLine]]:
        """Return one fault with its history.

        Raises:
            NotFound: there is no such fault in reach.
        """
        found = await self._shelf.one(who.provider_id, fault_id)
        if found is None or not who.reaches(found[0].site_id, found[0].visibility):
            raise _unknown(fault_id)
        return _shown(who, found[0]), found[1] if who.reads_words else [replace(line, words=None) for line in found[1]]

    async def take_out(self, who: Who, said: TakingOut) -> AssetFault:
        """Take an asset out of use now; see `domain.oversight.faults.taken_out`.

        Raises:
            NotFound: the site or a report is not in reach.
            Invalid: asset or reason are none, the site's register has no such asset, the promised day cannot be, or a
                report is held from the site.
            Conflict: the asset is out of use already.
        """
        refuse_wordy_asset(said.asset, "asset")
        words = redacted_words(said.reason, "reason")
        if not words:
            raise Invalid("say what is wrong", (Fault("must not be blank", "reason"),))
        await self._desk.wanted(who, said.site_id, (), 1, None)

        async def work(work: OversightWork) -> AssetFault:
            for report_id in said.report_ids:
                fact = await work.facts.report(who.provider_id, report_id)
                if fact is None or fact.site_id != said.site_id or fact.report is None:
                    raise NotFound(f"report {report_id} is not known here")
                if not who.reaches(fact.site_id, fact.report.visibility):
                    raise NotFound(f"report {report_id} is not known here")
                if fact.report.visibility == HELD:
                    detail = f"{report_id} is held from its site: leave it out, or release it first"
                    raise Invalid("the whole site must see what is out of use", (Fault(detail, "report_ids"),))
            register = await work.assets.of_site((who.provider_id, said.site_id))
            refuse_unknown([said.asset], "asset", register, london_date(work.now))
            before = await work.faults.of_asset(who.provider_id, said.site_id, said.asset)
            if any(fault.status == faults.OUT for fault in before):
                raise Conflict(f"{said.asset} is out of use already", (Fault("has an open fault", "asset"),))
            fault = faults.taken_out(
                (who.provider_id, said.site_id), said.asset, len(before) + 1, words, said.owner, said.promised_on,
                said.report_ids, who.role, work.now,
            )  # fmt: skip
            await work.faults.save(fault, Act(EVENT, who.role, who.principal.subject, work.now, words))
            return fault

        return await self._oversight.run(work)

    async def change(self, who: Who, fault_id: str, version: int, owner: str, promised_on: date | None) -> AssetFault:
        """Name another owner or promised day; see `domain.oversight.faults.changed`.

        Raises:
            NotFound: there is no such fault in reach.
            Conflict: it has moved on.
            Invalid: the day cannot be promised.
        """
        return await self._act(
            who, fault_id, lambda fault, now: faults.changed(fault, version, owner, promised_on, now), None
        )

    async def back(self, who: Who, fault_id: str, version: int, note: str | None) -> AssetFault:
        """Put an asset back in use; see `domain.oversight.faults.back`.

        Raises:
            NotFound: there is no such fault in reach.
            Conflict: it has moved on.
        """
        words = redacted_words(note, "note")
        return await self._act(
            who, fault_id, lambda fault, now: faults.back(fault, version, words, who.role, now), words
        )

    async def link(self, who: Who, fault_id: str) -> tuple[str, AssetFault]:
        """Make the owner's link, in place of any before; its secret is told this once.

        Raises:
            NotFound: there is no such fault in reach.
            Conflict: the asset is back in use.
        """
        secret = self._secret()
        linked = await self._act(
            who, fault_id, lambda fault, now: faults.linked(fault, self._hashed(secret), now), None, silent=True
        )
        return secret, linked

    async def unlink(self, who: Who, fault_id: str) -> AssetFault:
        """Take the owner's link back.

        Raises:
            NotFound: there is no such fault in reach.
            Conflict: the asset is back in use.
        """
        return await self._act(who, fault_id, lambda fault, now: faults.linked(fault, None, now), None, silent=True)

    async def by_link(self, secret: str) -> AssetFault:
        """Return the fault that a link belongs to.

        Raises:
            NotFound: there is none, or the link has ended or was taken back.
        """
        found = await self._links.by_link(self._hashed(secret))
        if found is None or found.link_ends_at is None or self._clock.now() >= found.link_ends_at:
            raise NotFound("this link is not known, has ended, or was taken back")
        return found

    async def close_by_link(self, secret: str, note: str | None) -> AssetFault:
        """Say as the owner that the fault is mended; the link ends with it.

        Raises:
            NotFound: there is no such link.
            Invalid: the note is too long.
        """
        words = redacted_words(note, "note")
        return await self._by_owner(
            secret, lambda fault, now: faults.back(fault, fault.version, words, fault.owner, now), words
        )

    async def promise_by_link(self, secret: str, promised_on: date) -> AssetFault:
        """Promise a day as the owner.

        Raises:
            NotFound: there is no such link.
            Invalid: the day cannot be promised.
        """
        return await self._by_owner(secret, lambda fault, now: faults.promised(fault, promised_on, now), None)

    async def _by_owner(
        self, secret: str, change: Callable[[AssetFault, datetime], AssetFault], words: str | None
    ) -> AssetFault:
        known = await self.by_link(secret)

        async def work(work: OversightWork) -> AssetFault:
            fault = (await work.faults.load(known.provider_id, [known.fault_id]))[known.fault_id]
            if fault.link_hash != known.link_hash:
                raise NotFound("this link is not known, has ended, or was taken back")
            after = change(fault, work.now)
            await work.faults.save(after, Act(EVENT, fault.owner, "", work.now, words))
            return after

        return await self._oversight.run(work)

    async def _act(
        self,
        who: Who,
        fault_id: str,
        change: Callable[[AssetFault, datetime], AssetFault],
        words: str | None,
        *,
        silent: bool = False,
    ) -> AssetFault:
        async def work(work: OversightWork) -> AssetFault:
            fault = (await work.faults.load(who.provider_id, [fault_id])).get(fault_id)
            if fault is None or not who.reaches(fault.site_id, fault.visibility):
                raise _unknown(fault_id)
            after = change(fault, work.now)
            event = "" if silent else EVENT
            await work.faults.save(after, Act(event, who.role, who.principal.subject, work.now, words))
            return after

        return await self._oversight.run(work)


def _shown(who: Who, fault: AssetFault) -> AssetFault:
    """Leave out what somebody typed, for readers of numbers alone."""
    return fault if who.reads_words else replace(fault, reason=None, note=None)


def _unknown(fault_id: str) -> NotFound:
    return NotFound(f"fault {fault_id} is not known here")
