"""Gather, freeze and read evidence packs; who may read which is decided here and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from services.reporting.domain.disclosure import could_be_differenced, hides_nothing
from services.reporting.domain.escalations import Escalations
from services.reporting.domain.overview import WEEK
from services.reporting.domain.pack_sections import Framework, Material, policy_for, sections_for
from services.reporting.domain.packs import (
    OUTSIDERS,
    Audience,
    Figure,
    IssuedPack,
    Pack,
    Section,
    Since,
    changes_between,
    count_any,
)
from services.reporting.domain.reading import Span
from services.reporting.domain.registry import Site
from services.reporting.domain.rollups import Totals
from services.reporting.ports import Figures, Freshness, Issued, Views
from services.reporting.usecases.access import Access
from services.reporting.usecases.read_figures import Domains, read_culture
from services.reporting.usecases.read_learning import read_learning
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound
from shared.kernel.ids import event_id
from shared.kernel.principal import Principal, Role
from shared.redaction.redact import redact

WIDEST_WEEKS = 52
TITLES: Mapping[Audience, str] = {
    "cqc": "Evidence of learning, by quality statement",
    "commissioner": "Risk, action and effect",
    "board": "What nearly went wrong, what we changed, and whether it worked",
}
INSIDERS = frozenset({Role.GOVERNANCE, Role.SAFEGUARDING, Role.OPERATOR})
MAY_READ: Mapping[Role, frozenset[Audience]] = {
    **dict.fromkeys(INSIDERS, frozenset({"cqc", "commissioner", "board"})),
    Role.INSPECTOR: frozenset({"cqc", "commissioner", "board"}),
    Role.COMMISSIONER: frozenset({"commissioner"}),
}
"""Whoever is not named reads no pack: a pack is about the whole provider, or a contract."""


@dataclass(frozen=True)
class Wanted:
    """What is to be issued."""

    audience: Audience
    span: Span
    contract: str | None
    commentary: str
    signed_by: str


class Packs:
    """Makes packs and hands them out.

    Args:
        views: Where sites are read.
        figures: Where counts are read.
        issued: The database of issued things.
        freshness: How far the views have followed the log.
        clock: The source of now.
        domains: The taxonomy.
        framework: Headings of the frameworks.
    """

    def __init__(
        self,
        views: Views,
        figures: Figures,
        issued: Issued,
        freshness: Freshness,
        clock: Clock,
        domains: Domains,
        framework: Framework,
    ) -> None:
        self._views = views
        self._figures = figures
        self._issued = issued
        self._freshness = freshness
        self._clock = clock
        self._domains = domains
        self._framework = framework

    async def draft(self, access: Access, wanted: Wanted) -> Pack:
        """Make a pack without issuing it. Personal data that the author typed are taken out of the commentary.

        Raises:
            NotFound: no site has the contract.
            Invalid: a commissioner's pack names no contract.
            Conflict: set beside one already issued to outsiders it would give small numbers away.
        """
        return await self._made(access, wanted, await self._issued.packs(access.provider_id))

    async def _made(self, access: Access, wanted: Wanted, before: list[IssuedPack]) -> Pack:
        now = self._clock.now()
        sites = await self._sites(access, wanted)
        within = replace(access, sites=frozenset(sites))
        span, sections = await self._widened(within, wanted)
        if wanted.audience in OUTSIDERS:
            _guard(frozenset(sites), span, before)
        series = [pack for pack in before if (pack.audience, pack.contract) == (wanted.audience, wanted.contract)]
        provider = await self._views.provider(access)
        subject = f"{access.provider_id}|{wanted.audience}|{wanted.contract or ''}"
        return Pack(
            pack_id=event_id("Pack", subject, len(series) + 1),
            audience=wanted.audience,
            provider_id=access.provider_id,
            provider_name=provider.name if provider else access.provider_id,
            synthetic=bool(provider and provider.synthetic),
            title=TITLES[wanted.audience],
            contract=wanted.contract,
            sites=tuple(sorted(sites)),
            span=span,
            widened=span != wanted.span,
            sections=sections,
            commentary=str(redact(wanted.commentary.strip()).text),
            signed_by=wanted.signed_by,
            signed_role=Role.GOVERNANCE.value,
            issued_at=now,
            complete_until=self._freshness.complete_until,
            since=await self._since(within, wanted.audience, series[0]) if series else None,
        )

    async def issue(self, access: Access, principal: Principal, wanted: Wanted) -> IssuedPack:
        """Freeze a pack; it can change no more.

        Raises:
            Forbidden: the principal does not answer for the whole provider.
            Conflict: as `draft`; or another one was issued meanwhile, which this one was not held against.
        """
        if Role.GOVERNANCE not in principal.roles or principal.sites is not None:
            raise Forbidden("packs are issued by who answers for the whole provider")
        before = await self._issued.packs(access.provider_id)
        pack = await self._made(access, wanted, before)
        body = canonical(pack)
        series = sum((old.audience, old.contract) == (wanted.audience, wanted.contract) for old in before) + 1
        kept = IssuedPack(
            provider_id=pack.provider_id,
            pack_id=pack.pack_id,
            audience=pack.audience,
            contract=pack.contract,
            title=pack.title,
            sites=pack.sites,
            span=pack.span,
            issued_at=pack.issued_at,
            signed_by=pack.signed_by,
            series=series,
            body=body,
            content_hash=sha256(body.encode()).hexdigest(),
        )
        await self._issued.keep(kept, len(before) + 1)
        await self._issued.note(pack.provider_id, pack.pack_id, principal.subject, "issued", pack.issued_at)
        return kept

    async def listed(self, principal: Principal, provider_id: str) -> list[IssuedPack]:
        """Return the packs that a principal may read, the newest first."""
        return [pack for pack in await self._issued.packs(provider_id) if may_read(principal, pack)]

    async def read(self, principal: Principal, provider_id: str, pack_id: str) -> IssuedPack:
        """Return a pack, and write down that it was read.

        Raises:
            NotFound: it does not exist for the principal.
            Conflict: it is not any more what was issued.
        """
        pack = await self._issued.pack(provider_id, pack_id)
        if pack is None or not may_read(principal, pack):
            raise NotFound(f"pack {pack_id} is not known here")
        if not pack.sound():
            raise Conflict(f"pack {pack_id} is not what was issued: its hash differs; restore it from the backup")
        await self._issued.note(provider_id, pack_id, principal.subject, "read", self._clock.now())
        return pack

    async def _sites(self, access: Access, wanted: Wanted) -> list[str]:
        today = london_date(self._clock.now())
        sites = await self._views.sites(access)
        if wanted.contract is None:
            if wanted.audience in OUTSIDERS:
                raise Invalid("a pack for a commissioner is about a contract", (Fault("name it", field="contract"),))
            return [site.site_id for site in sites]
        found = [site.site_id for site in sites if _under(site, wanted.contract, today)]
        if not found:
            raise NotFound(f"no site has the contract {wanted.contract}")
        return found

    async def _widened(self, access: Access, wanted: Wanted) -> tuple[Span, tuple[Section, ...]]:
        """Widen an outsider's weeks backwards until every count may be shown, at most to a year."""
        span, policy = wanted.span, policy_for(wanted.audience)
        while True:
            material = await self._material(access, span)
            groups = [count_any(material.tallies, domains) for domains in self._framework.groups.values()]
            if hides_nothing(policy, groups) or span.weeks >= WIDEST_WEEKS or wanted.audience not in OUTSIDERS:
                return span, sections_for(wanted.audience, material, self._framework)
            weeks = min(span.weeks * 2, WIDEST_WEEKS)
            span = Span(span.last - WEEK * (weeks - 1), span.last)

    async def _material(self, access: Access, span: Span) -> Material:
        today = london_date(self._clock.now())
        assert access.sites is not None
        totals = await self._figures.totals(access, None, span)
        escalations = await self._figures.escalations(access, span.first, span.last)
        culture = await read_culture(self._views, self._figures, access, self._domains, None, span, today)
        learned = await read_learning(self._views, access, None, span, today)
        return Material(
            tallies=tuple(await self._figures.tallies(access, sorted(access.sites), span)),
            totals=sum(totals.values(), Totals()),
            culture=culture.together,
            lessons=learned.lessons,
            escalations=sum(escalations.values(), Escalations()),
            span=span,
        )

    async def _since(self, access: Access, audience: Audience, last: IssuedPack) -> Since:
        """Count the weeks of the pack before again, and say what reads otherwise."""
        within = replace(access, sites=frozenset(last.sites))
        said: dict[str, Any] = json.loads(last.body)
        then = [(section["heading"], Figure(**figure)) for section in said["sections"] for figure in section["figures"]]
        again = sections_for(audience, await self._material(within, last.span), self._framework)
        late = await self._figures.late(within, last.sites, last.span, last.issued_at)
        shown = policy_for(audience).shown(late)
        return Since(last.pack_id, last.issued_at, shown, changes_between(then, again, audience not in OUTSIDERS))


def may_read(principal: Principal, pack: IssuedPack) -> bool:
    """Tell whether a principal may read a pack: by its roles, and only where it reaches all its sites.

    Args:
        principal: Who is asking, of the pack's tenant.
        pack: The pack.
    """
    audiences = frozenset[Audience]().union(*(MAY_READ.get(role, frozenset()) for role in principal.roles))
    return pack.audience in audiences and (principal.sites is None or principal.sites >= set(pack.sites))


def canonical(pack: Pack) -> str:
    """Write a pack so that equal packs have equal bytes: sorted keys, no spaces, dates and moments in ISO 8601."""
    return json.dumps(asdict(pack), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_iso)


def _iso(value: Any) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in a pack")


def _under(site: Site, contract: str, today: date) -> bool:
    return contract in site.at(today).contracts


def _guard(sites: frozenset[str], span: Span, before: list[IssuedPack]) -> None:
    outside = [(frozenset(pack.sites), pack.span) for pack in before if pack.audience in OUTSIDERS]
    if could_be_differenced(sites, span, outside):
        raise Conflict(
            "a pack for outsiders over some of these sites and weeks was issued already; two side by side would give "
            "small numbers away. Read that one, or take weeks after it"
        )
