"""Triage pages: the queue, one report on one screen, and everything that a reviewer does with it."""

from __future__ import annotations

from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.intake.domain.cases import OUTCOMES, READING_REASONS, RELEASE_REASONS
from services.intake.domain.report import HELD
from services.intake.domain.text import Unclean, clean
from services.intake.ports import Registry
from services.intake.routes.form_fields import Sent, read_form
from services.intake.routes.reports import Provider
from services.intake.routes.triage_words import age_words, answer_of, choices, titles_of
from services.intake.usecases.missed_names import MissedNames
from services.intake.usecases.originals import Original, Originals
from services.intake.usecases.triage import Card, Review, Triage
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Invalid
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import Allow, refuse_other_sites
from shared.taxonomy.model import Taxonomy
from shared.web.navigation import TRIAGE, navigation
from shared.web.pages import PAGE_HEADERS, Pages

Reviewer = Annotated[Principal, Depends(Allow(Role.MANAGER, Role.SAFEGUARDING, Role.GOVERNANCE))]
SHOWN: Final = 30
HEADERS: Final = PAGE_HEADERS | {"Cache-Control": "no-store"}
THANKS: Final = "Thank you for telling us. We have read it."
_UNSAID: Final[dict[str, Any]] = {"thanks": THANKS, "corrected": False, "hidden": False}


class TriagePages:
    """Renders the pages of triage.

    Args:
        pages: Renders templates.
        registry: Names of sites.
        taxonomy: Titles of labels.
        clock: The source of now.
        prefix: Where the front door has this service, such as /in.
    """

    def __init__(self, pages: Pages, registry: Registry, taxonomy: Taxonomy, clock: Clock, prefix: str) -> None:
        self._pages = pages
        self._registry = registry
        self._taxonomy = taxonomy
        self._clock = clock
        self._prefix = prefix

    async def page(self, template: str, principal: Principal, status: int = 200, **context: Any) -> Response:
        """Render a page for a reviewer."""
        provider = principal.tenant
        html = self._pages.render(
            template,
            navigation(principal.roles, provider, principal.sites),
            TRIAGE,
            prefix=self._prefix,
            names=await self._names(provider),
            titles=titles_of(self._taxonomy),
            age_words=age_words,
            **context,
        )
        return HTMLResponse(html, status, headers=HEADERS)

    async def one(self, principal: Principal, card: Card, **context: Any) -> Response:
        """Render one report's page."""
        site = card.report.site_id
        return await self.page(
            "triage_one.html",
            principal,
            card=card,
            answer=answer_of(card, titles_of(self._taxonomy)),
            choices=choices(self._taxonomy),
            outcomes=[(name, name.replace("_", " ")) for name in OUTCOMES],
            preset=[(name, name.replace("_", " ")) for name in READING_REASONS],
            releases=[(name, name.replace("_", " ")) for name in RELEASE_REASONS],
            manages=Role.MANAGER in principal.roles and principal.may_see_site(site),
            may_release=card.report.visibility == HELD
            and principal.sees_held
            and bool(principal.roles & {Role.SAFEGUARDING, Role.GOVERNANCE}),
            **_UNSAID | context,
        )

    async def _names(self, provider_id: str) -> dict[str, str]:
        today = london_date(self._clock.now())
        return {site.site_id: site.at(today).name for site in await self._registry.sites_of(provider_id)}


def triage_routes(
    triage: Triage, originals: Originals, missed: MissedNames, shown: TriagePages, prefix: str
) -> APIRouter:
    """Build the routes.

    Args:
        triage: The use cases.
        originals: Opens originals.
        missed: Hides names that redaction missed.
        shown: Renders.
        prefix: Where the front door has this service, such as /in.
    """
    router = APIRouter(prefix="/triage", include_in_schema=False)

    def back(report_id: str = "", said: str = "") -> Response:
        path = f"{prefix}/triage" + (f"/{quote(report_id)}" if report_id else "")
        return RedirectResponse(path + (f"?done={said}" if said else ""), 303, headers={"Cache-Control": "no-store"})

    async def told(principal: Principal, card: Card) -> dict[str, Any]:
        return {"lines": await triage.lines(card), "joined": await triage.joined(principal, card)}

    @router.get("")
    async def queue(
        principal: Reviewer, provider_id: Provider = None, done: Annotated[str, Query(max_length=20)] = ""
    ) -> Response:
        found = await triage.queue(principal, provider_id, SHOWN)
        return await shown.page("triage.html", principal, queue=found, done=done, thanks=THANKS, left={})

    @router.post("/close-low")
    async def close_low(request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        form = await request.form()
        chosen = [str(value) for value in form.getlist("report")]
        answers = await triage.close_low(principal, None, chosen, _text(str(form.get("thanks", ""))) or "")
        left = {report: why for report, why in answers.items() if why}
        found = await triage.queue(principal, None, SHOWN)
        done = "" if left or not answers else "bulk"
        return await shown.page("triage.html", principal, queue=found, done=done, thanks=THANKS, left=left)

    @router.get("/{report_id}")
    async def one(
        report_id: str,
        principal: Reviewer,
        provider_id: Provider = None,
        corrected: Annotated[str, Query(max_length=5)] = "",
        done: Annotated[str, Query(max_length=20)] = "",
    ) -> Response:
        card = await triage.card(principal, provider_id, report_id)
        said = {"corrected": bool(corrected), "hidden": done == "hidden"}
        return await shown.one(principal, card, original=None, **await told(principal, card), **said)

    @router.post("/{report_id}")
    async def review(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        await triage.review(principal, None, report_id, _review(await read_form(request)))
        return back(said="reviewed")

    @router.post("/{report_id}/original")
    async def original(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        sent = await read_form(request)
        reason = sent["typed"] or sent["reason"]
        opened: Original = await originals.read(principal, None, report_id, reason)
        card = await triage.card(principal, None, report_id)
        return await shown.one(principal, card, original=opened, reason=reason, **await told(principal, card))

    @router.post("/{report_id}/photo")
    async def photo(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        sent = await read_form(request)
        picture = await originals.photo(principal, None, report_id, sent["typed"] or sent["reason"])
        return Response(picture, media_type="image/jpeg", headers=HEADERS)

    @router.post("/{report_id}/duplicate")
    async def duplicate(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        sent = await read_form(request)
        same = sent["same"] == "yes"
        await triage.decide_duplicate(principal, None, report_id, sent["other"], same)
        return back(sent["other"] if same else report_id)

    @router.post("/{report_id}/hide")
    async def hide(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        sent = await read_form(request)
        names, revision = [_text(name) or "" for name in sent["names"].split(",")], sent["revision"]
        await missed.hide(principal, None, report_id, names, int(revision) if revision.isdecimal() else 0)
        return back(report_id, "hidden")

    @router.post("/{report_id}/release")
    async def release(report_id: str, request: Request, principal: Reviewer) -> Response:
        refuse_other_sites(request)
        await triage.release(principal, None, report_id, (await read_form(request))["reason"])
        return back(report_id)

    return router


def _review(sent: Sent) -> Review:
    return Review(
        decision=sent["decision"] or None,
        message=_text(sent["message"]) if sent["thank"] else None,
        message_kind=sent["message_kind"] or "thanks",
        question=_text(sent["question"]),
        outcome=sent["outcome"] or None,
    )


def _text(value: str) -> str | None:
    try:
        return clean(value).strip() or None
    except Unclean as error:
        raise Invalid(str(error)) from None
