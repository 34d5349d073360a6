"""Applies registers (providers, sites, assets) and exposure: good rows take effect, faulty ones are listed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.intake.domain.assets import Asset, merge_asset, read_assets
from services.intake.domain.exposures import Exposure, ExposureLine, merge_exposure, read_exposures
from services.intake.domain.registers import TOO_MANY_VERSIONS, Told, read_providers, read_sites
from services.intake.domain.rows import Row
from services.intake.domain.sites import Provider, Site, SiteChange, merge_provider, merge_site
from services.intake.ports import AssetStore, ExposureStore, Registry
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault
from shared.kernel.principal import EVERY_PROVIDER, Principal

CHUNK = 500
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of a table: rows read, things changed, things as they were, and faults by line."""

    rows: int
    changed: int
    unchanged: int
    faults: tuple[Fault, ...]


class Registers:
    """Applies registers.

    Args:
        registry: Keeps providers and sites.
        assets: Keeps assets.
        exposures: Keeps exposure.
        clock: The source of now.
    """

    def __init__(self, registry: Registry, assets: AssetStore, exposures: ExposureStore, clock: Clock) -> None:
        self._registry = registry
        self._assets = assets
        self._exposures = exposures
        self._clock = clock

    async def import_providers(self, principal: Principal, rows: Sequence[Row]) -> Applied:
        """Register providers; the same file twice changes nothing.

        Raises:
            Unavailable: the database is away; what was applied before stays, and the file may be sent again.
        """
        told, faults = read_providers(rows)
        told, foreign = _own(principal, told)
        changed = 0
        for chunk in _chunks(told):
            providers = [one.value for one in chunk if isinstance(one.value, Provider)]

            def decide(found: Mapping[str, Provider], providers: list[Provider] = providers) -> list[Provider]:
                following = (merge_provider(found.get(one.provider_id), one) for one in providers)
                return [one for one in following if one is not None]

            ids = [one.provider_id for one in providers]
            changed += await self._registry.change_providers(ids, decide, self._clock.now())
        return Applied(len(rows), changed, len(told) - changed, _by_line(faults + foreign))

    async def import_sites(self, principal: Principal, rows: Sequence[Row]) -> Applied:
        """Register sites with their dated history; the same file twice changes nothing.

        Raises:
            Unavailable: the database is away; what was applied before stays, and the file may be sent again.
        """
        told, faults = read_sites(rows)
        told, foreign = _own(principal, told)
        known = await self._registry.providers(sorted({one.value.provider_id for one in told}))
        orphans = [
            Fault(f"provider {one.value.provider_id} is not registered: import providers first", "provider_id", line)
            for one in told
            if one.value.provider_id not in known
            for line in one.lines
        ]
        told = [one for one in told if one.value.provider_id in known]
        changed, crowded = 0, set[tuple[str, str]]()
        for chunk in _chunks(told):
            sites = [one.value for one in chunk if isinstance(one.value, Site)]

            def decide(found: Mapping[tuple[str, str], Site], sites: list[Site] = sites) -> list[SiteChange]:
                following = [merge_site(found.get((one.provider_id, one.site_id)), one) for one in sites]
                changes = [one for one in following if one is not None]
                over = {(one.site.provider_id, one.site.site_id) for one in changes if one.site.is_crowded}
                crowded.update(over)
                return [one for one in changes if (one.site.provider_id, one.site.site_id) not in over]

            keys = [(one.provider_id, one.site_id) for one in sites]
            changed += await self._registry.change_sites(keys, decide, self._clock.now())
        faults += [
            Fault(TOO_MANY_VERSIONS, "effective_from", one.lines[-1])
            for one in told
            if isinstance(one.value, Site) and (one.value.provider_id, one.value.site_id) in crowded
        ]
        unchanged = len(told) - changed - len(crowded)
        return Applied(len(rows), changed, unchanged, _by_line(faults + foreign + orphans))

    async def import_assets(self, principal: Principal, rows: Sequence[Row]) -> Applied:
        """Register assets; the same file twice changes nothing, and what it does not name stays as it is.

        Raises:
            Unavailable: the database is away; what was applied before stays, and the file may be sent again.
        """
        told, faults = read_assets(rows)
        sites = await self._registry.sites([(one.asset.provider_id, one.asset.site_id) for one in told])
        good, wrong = [], []
        for one in told:
            said = one.asset
            mine = principal.tenant in (EVERY_PROVIDER, said.provider_id) and principal.may_see_site(said.site_id)
            if mine and (said.provider_id, said.site_id) in sites:
                good.append(said)
            else:
                wrong.append(Fault(f"{said.site_id} is not a site that is known here", "site_id", one.line))
        changed = 0
        for chunk in _chunks(good):

            def decide(found: Mapping[str, Asset], chunk: Sequence[Asset] = chunk) -> list[Asset]:
                following = (merge_asset(found.get(one.key), one) for one in chunk)
                return [one for one in following if one is not None]

            changed += await self._assets.change([one.key for one in chunk], decide, self._clock.now())
        return Applied(len(rows), changed, len(good) - changed, _by_line(faults + wrong))

    async def record_exposure(self, principal: Principal, rows: Sequence[Row], provider_id: str | None) -> Applied:
        """Record exposure; unchanged lines publish nothing.

        Args:
            principal: Who sends it.
            rows: The lines.
            provider_id: The provider of lines that name none.

        Raises:
            Unavailable: the database is away; what was recorded before stays, and the lines may be sent again.
        """
        default = provider_id if principal.tenant == EVERY_PROVIDER else principal.tenant
        told, faults = read_exposures(rows, default)
        good, wrong = await self._placed(principal, told)
        changed = 0
        for chunk in _chunks(good):
            lines = [one.exposure for one in chunk]

            def decide(found: Mapping[str, Exposure], lines: list[Exposure] = lines) -> list[Exposure]:
                known, following = dict(found), []
                for line in lines:
                    merged = merge_exposure(known.get(line.key), line)
                    if merged is not None:
                        known[line.key] = merged
                        following.append(merged)
                return following

            keys = sorted({line.key for line in lines})
            changed += await self._exposures.change(keys, decide, self._clock.now())
        return Applied(len(rows), changed, len(good) - changed, _by_line(faults + wrong))

    async def _placed(
        self, principal: Principal, told: Sequence[ExposureLine]
    ) -> tuple[list[ExposureLine], list[Fault]]:
        """Part the lines that a known, reachable and open site could have delivered from the others."""
        today = london_date(self._clock.now())
        sites = await self._registry.sites([(one.exposure.provider_id, one.exposure.site_id) for one in told])
        good, faults = [], []
        for one in told:
            said = one.exposure
            mine = principal.tenant in (EVERY_PROVIDER, said.provider_id) and principal.may_see_site(said.site_id)
            site = sites.get((said.provider_id, said.site_id)) if mine else None
            if site is None:
                faults.append(Fault(f"{said.site_id} is not a site that is known here", "site_id", one.line))
            elif said.period_start > today:
                faults.append(Fault("lies in the future", "period_start", one.line))
            elif said.period_end < site.opened_on:
                faults.append(Fault(f"is before the site opened on {site.opened_on}", "period_end", one.line))
            elif site.closed_on is not None and said.period_start > site.closed_on:
                faults.append(Fault(f"is after the site closed on {site.closed_on}", "period_start", one.line))
            else:
                good.append(one)
        return good, faults


def _own(principal: Principal, told: Sequence[Told]) -> tuple[list[Told], list[Fault]]:
    """Part the things of the principal's own tenant from others'."""
    mine: list[Told] = []
    foreign: list[Fault] = []
    for one in told:
        if principal.tenant in (EVERY_PROVIDER, one.value.provider_id):
            mine.append(one)
        else:
            detail = f"provider {one.value.provider_id} is not known here"
            foreign += [Fault(detail, "provider_id", line) for line in one.lines]
    return mine, foreign


def _by_line(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda fault: fault.line or 0))


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
