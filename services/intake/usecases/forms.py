"""The report form's use cases: a link opens it, a submission goes in without a name, and why without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from services.intake.domain.acts import Act
from services.intake.domain.cases import Case
from services.intake.domain.form_links import PULSE, REPORT, FormLink, LinkSigner, Purpose
from services.intake.domain.return_codes import ReturnCodes
from services.intake.domain.sites import Site
from services.intake.domain.submission import Submission
from services.intake.ports import Randomness, ReportChange, StoredReport
from services.intake.ports.dialogue import CaseDecided, CaseStore, FormLinkStore
from services.intake.usecases.admission import Admission
from services.intake.usecases.means import Means
from services.intake.usecases.preparing import Order
from shared.kernel.clock import london_date
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import Principal, Role

ANONYMITY_REASONS: Final = (
    "save_time",
    "forgot_account",
    "no_benefit",
    "fear_own_organisation",
    "fear_other_organisation",
    "reputation",
    "colleagues",
    "other",
)
"""LFPSE's reasons for anonymity, in its order (taxonomy v5: DOMAIN.md 2.2)."""
WHY_WITHIN: Final = timedelta(days=7)
REPORTER: Final = "reporter"
_LIFE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Opened:
    """Where a link leads."""

    link: FormLink
    site: Site
    site_name: str
    provider_name: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the reporter gets."""

    report_id: str
    status: str
    code: str


class Forms:
    """The report form.

    Args:
        means: What it works with.
        admission: Takes reports in.
        links: Keeps links.
        cases: Keeps dialogues and finds reports by code.
        signer: Signs links.
        codes: Makes return codes.
        randomness: Ids.
    """

    def __init__(
        self,
        means: Means,
        admission: Admission,
        links: FormLinkStore,
        cases: CaseStore,
        signer: LinkSigner,
        codes: ReturnCodes,
        randomness: Randomness,
    ) -> None:
        self._means = means
        self._admission = admission
        self._links = links
        self._cases = cases
        self._signer = signer
        self._codes = codes
        self._randomness = randomness

    def new_key(self) -> str:
        """Return the random key that one form is handed out with."""
        return self._randomness.new_id()

    async def open(self, presented: str, purpose: Purpose) -> Opened:
        """Return where a link leads.

        Raises:
            NotFound: it was not signed here, was revoked, or its site has closed.
        """
        link_id = self._signer.link_id(presented)
        link = await self._links.find(link_id) if link_id else None
        if link is None or link.revoked_at is not None or link.purpose != purpose:
            raise NotFound("this link does not work; ask for the poster of your home")
        key = (link.provider_id, link.site_id)
        site = (await self._means.registry.sites([key])).get(key)
        today = london_date(self._means.clock.now())
        if site is None or site.why_closed(today) is not None:
            raise NotFound("this home takes no reports any more")
        provider = (await self._means.registry.providers([link.provider_id])).get(link.provider_id)
        return Opened(link, site, site.at(today).name, provider.name if provider else link.provider_id)

    async def send(self, opened: Opened, form_key: str, submission: Submission, photo: bytes | None) -> Receipt:
        """Take a report in; the same form sent again gives the same receipt.

        Args:
            opened: Where the form's link leads.
            form_key: The key that the form was handed out with.
            submission: What was said.
            photo: A cleaned photo.

        Raises:
            Invalid: it breaks rules, or the form's key was used with other words.
            Unavailable: the database is away or too much waits; nothing was taken.
        """
        link = opened.link
        code = self._codes.code_of(f"{link.provider_id}|{link.link_id}", form_key)
        until = self._means.clock.now() + _LIFE
        sender = Principal(
            f"form:{link.link_id}", link.provider_id, frozenset({link.site_id}), frozenset({Role.FEED}), until
        )
        order = Order(submission, form_key, code_hash=self._codes.hash_of(code), photo=photo)
        outcome = await self._admission.receive(sender, order)
        return Receipt(outcome.report_id, outcome.status, code)

    async def say_why(self, code: str, reason: str) -> bool:
        """Note why a report came without a name; the first word within a week counts, later ones change nothing.

        Returns:
            Whether it was noted.

        Raises:
            Invalid: the reason is none of the list.
        """
        if reason not in ANONYMITY_REASONS:
            raise Invalid("the reason is not known", (Fault("one of " + ", ".join(ANONYMITY_REASONS), "reason"),))
        read = self._codes.read(code)
        stored = await self._cases.by_code(self._codes.hash_of(read)) if read else None
        if stored is None:
            return False
        now = self._means.clock.now()

        def decide(kept: StoredReport | None, _: Case | None) -> CaseDecided[bool]:
            if kept is None or kept.withdrawn or kept.erased or now - kept.report.received_at > WHY_WITHIN:
                return CaseDecided(False)
            if kept.report.identity_mode != "anonymous" or kept.report.anonymity_reason is not None:
                return CaseDecided(False)
            report = replace(kept.report, anonymity_reason=reason, revision=kept.report.revision + 1)
            act = Act("amended", report.revision, REPORTER, REPORTER, now)
            following = replace(kept, report=report, acts=(*kept.acts, act))
            return CaseDecided(True, change=ReportChange(following, "amended", now))

        return await self._cases.change(stored.report.provider_id, stored.report.report_id, decide)

    async def link_for(
        self, principal: Principal, provider_id: str | None, site_id: str, purpose: Purpose, asset_ref: str | None
    ) -> tuple[FormLink, str]:
        """Return the link of a site or thing, made at the first asking: a poster printed twice leads to one place.

        Raises:
            NotFound: the site is not known to the principal.
            Invalid: the asset's reference names somebody.
        """
        provider = principal.provider(provider_id)
        known = await self._means.registry.sites([(provider, site_id)])
        if (provider, site_id) not in known or not principal.may_see_site(site_id):
            raise NotFound(f"site {site_id} is not known here")
        if asset_ref is not None and self._means.redactor.redact(asset_ref, ()) != asset_ref:
            raise Invalid("the reference names somebody", (Fault("use a number that names nobody", "asset_ref"),))
        link = await self._links.same(provider, site_id, purpose, asset_ref)
        if link is None:
            now = self._means.clock.now()
            link = FormLink(self._randomness.new_id(), provider, site_id, purpose, asset_ref, principal.subject, now)
            await self._links.add(link)
        return link, self._signer.spell(link.link_id)

    async def links(self, principal: Principal, provider_id: str | None) -> Sequence[tuple[FormLink, str]]:
        """Return the links in reach, newest first."""
        found = await self._links.all_of(principal.provider(provider_id))
        return [(one, self._signer.spell(one.link_id)) for one in found if principal.may_see_site(one.site_id)]

    async def revoke(self, principal: Principal, provider_id: str | None, link_id: str) -> None:
        """Stop a link; what is printed with it leads nowhere from now on.

        Raises:
            NotFound: there is none of that id within the principal's reach.
        """
        provider = principal.provider(provider_id)
        link = await self._links.find(link_id)
        if link is None or link.provider_id != provider or not principal.may_see_site(link.site_id):
            raise NotFound(f"link {link_id} is not known here")
        await self._links.revoke(provider, link_id, self._means.clock.now())


PURPOSES: Final[tuple[Purpose, ...]] = (REPORT, PULSE)
