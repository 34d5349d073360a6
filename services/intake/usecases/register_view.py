"""The register as people look at it: the sites in reach today, and one site with its roles, things and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.intake.domain.assets import Asset
from services.intake.domain.form_links import FormLink
from services.intake.domain.people import RoleState
from services.intake.domain.sites import Site, SiteVersion
from services.intake.ports import AssetStore, PeopleStore, Registry
from services.intake.usecases.forms import Forms
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import NotFound
from shared.kernel.principal import Principal

ASSETS_MAX: Final = 500
SOON_DAYS: Final = 28
"""An examination is shown as due soon for so long before its day."""


@dataclass(frozen=True, slots=True)
class SiteLine:
    """A site in the list, as it is today."""

    site: Site
    now: SiteVersion
    open: bool


@dataclass(frozen=True, slots=True)
class RoleLine:
    """Who holds a role at a site; a holder who is away today is marked."""

    role: str
    work_address: str | None
    holders: Sequence[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class DueLine:
    """The next examination of a thing: when, which, and overdue, soon or later; None where none is known."""

    asset: Asset
    kind: str | None
    due_on: date | None
    state: str


@dataclass(frozen=True, slots=True)
class SitePage:
    """One site with all that the register knows of it."""

    line: SiteLine
    roles: Sequence[RoleLine]
    assets: Sequence[DueLine]
    links: Sequence[FormLink]


class RegisterView:
    """Reads the register.

    Args:
        registry: Knows the sites.
        assets: Keeps the things.
        people: Keeps people and roles.
        forms: Knows the links to the report form.
        clock: The source of today.
    """

    def __init__(self, registry: Registry, assets: AssetStore, people: PeopleStore, forms: Forms, clock: Clock) -> None:
        self._registry = registry
        self._assets = assets
        self._people = people
        self._forms = forms
        self._clock = clock

    async def sites(self, principal: Principal, provider_id: str | None) -> list[SiteLine]:
        """Return the sites in reach by name, closed ones last.

        Raises:
            NotFound: another tenant's provider was named.
            Forbidden: an operator of all providers named none.
            Unavailable: the database is away.
        """
        own = principal.provider(provider_id)
        lines = [self._line(site) for site in await self._registry.sites_of(own)]
        reached = [line for line in lines if principal.may_see_site(line.site.site_id)]
        return sorted(reached, key=lambda line: (not line.open, line.now.name.casefold(), line.site.site_id))

    async def site(self, principal: Principal, provider_id: str | None, site_id: str) -> SitePage:
        """Return one site.

        Raises:
            NotFound: it is not known to the principal.
            Forbidden, Unavailable: as `sites`.
        """
        own = principal.provider(provider_id)
        found = (await self._registry.sites([(own, site_id)])).get((own, site_id))
        if found is None or not principal.may_see_site(site_id):
            raise NotFound(f"site {site_id} is not known here")
        assets = await self._assets.page(own, frozenset({site_id}), None, ASSETS_MAX)
        links = [link for link, _ in await self._forms.links(principal, provider_id) if link.site_id == site_id]
        today = london_date(self._clock.now())
        due = sorted(
            (_due(asset, today) for asset in assets if asset.retired_on is None or asset.retired_on > today),
            key=lambda line: (line.due_on or date.max, line.asset.number),
        )
        return SitePage(self._line(found), await self._roles(own, site_id, today), due, links)

    async def _roles(self, provider_id: str, site_id: str, today: date) -> list[RoleLine]:
        names = {one.user_id: one.name for one in await self._people.people_of(provider_id)}
        held = [one for one in await self._people.roles_of(provider_id) if one.site_id in (site_id, None)]
        return [_role(one, names, today) for one in sorted(held, key=lambda one: (one.site_id is None, one.role))]

    def _line(self, site: Site) -> SiteLine:
        today = london_date(self._clock.now())
        return SiteLine(site, site.at(today), site.why_closed(today) is None)


def _role(role: RoleState, names: dict[str, str], today: date) -> RoleLine:
    said = role.role.replace("_", " ") + ("" if role.site_id else ", all sites")
    holders = []
    for one in role.holders:
        away = one.away_from is not None and one.away_from <= today and (one.away_to is None or today <= one.away_to)
        holders.append((names.get(one.user_id, one.user_id), away))
    return RoleLine(said, role.work_address, holders)


def _due(asset: Asset, today: date) -> DueLine:
    dated = [(one.due_on, one.kind) for one in asset.inspections if one.due_on is not None]
    if not dated:
        return DueLine(asset, None, None, "none known")
    due_on, kind = min(dated)
    days = (due_on - today).days
    return DueLine(asset, kind, due_on, "overdue" if days < 0 else "soon" if days <= SOON_DAYS else "later")
