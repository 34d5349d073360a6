"""The report form and the pulse: no sign-in, a signed link, and always one of two states: not sent yet, or sent."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from services.intake.adapters.codes_drawn import qr_svg
from services.intake.adapters.photos import clean_photo
from services.intake.domain.form_links import PULSE, REPORT
from services.intake.domain.pulse import QUESTIONS, pulse_of
from services.intake.ports.dialogue import PulseStore
from services.intake.routes.form_fields import Sent, read_form, submission_of
from services.intake.routes.front import Front
from services.intake.usecases.forms import Forms, Opened, Receipt
from shared.kernel.clock import Clock, london_date
from shared.kernel.errors import Fault, Invalid, NotFound, Refused
from shared.runtime.auth import PUBLIC

ROLES: Final = (
    "care_worker",
    "nurse",
    "senior",
    "domestic_kitchen",
    "maintenance",
    "agency",
    "person_or_relative",
    "other",
)
KEY_MAX_CHARS: Final = 64
NAMED_BY: Final = {"text": "what", "place": "where", "what_stopped_it": "stopped", "photo": "photo"}
"""Which words name a field beside what is wrong with it."""
Lang = Annotated[str | None, Query(max_length=12)]


def form_routes(forms: Forms, front: Front, clock: Clock) -> APIRouter:
    """Build the routes of the report form.

    Args:
        forms: The use cases.
        front: Renders.
        clock: The source of now.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

    def shown(
        opened: Opened, presented: str, lang: str | None, sent: Sent | None = None, refusal: Refused | None = None
    ) -> Response:
        code, words = front.words.of(lang)
        problem = None
        if refusal is not None:
            problem = words["missing_what"] if sent is not None and not sent["text"] else words["refused"]
        return front.page(
            "form.html",
            422 if refusal else 200,
            **_context(front, opened, presented, code, words),
            form_key=sent["form_key"] if sent else forms.new_key(),
            said=sent.fields if sent else {},
            problem=problem,
            faults=refusal.faults or (Fault(refusal.detail),) if refusal and sent and sent["text"] else (),
            labels={field: words[key] for field, key in NAMED_BY.items()},
            languages=[(key, each["name"]) for key, each in front.words.languages.items()],
            roles=ROLES,
        )

    @router.get("/report/{presented}")
    async def form(presented: str, request: Request, lang: Lang = None) -> Response:
        opened = await forms.open(presented, REPORT)
        return shown(opened, presented, lang or _preferred(request, front))

    @router.post("/report")
    async def send(request: Request) -> Response:
        sent = await read_form(request)
        opened = await forms.open(sent["link"], REPORT)
        code, words = front.words.of(sent["lang"])
        try:
            body = submission_of(sent, opened.link.site_id, opened.link.asset_ref, code)
            photo = await asyncio.to_thread(clean_photo, sent.photo) if sent.photo else None
            receipt = await forms.send(opened, _key(sent), body.to_domain(), photo)
        except Refused as refusal:
            return shown(opened, sent["link"], code, sent, refusal)
        return front.page(
            "sent.html",
            **_context(front, opened, sent["link"], code, words),
            **_receipt(front, opened, receipt, sent, clock),
        )

    @router.post("/report/why")
    async def why(request: Request) -> Response:
        sent = await read_form(request)
        _, words = front.words.of(sent["lang"])
        if sent["reason"]:
            await forms.say_why(sent["code"], sent["reason"])
        again = f"{front.prefix}/report/{sent['link']}" if sent["link"] else ""
        return front.page(
            "thanks.html", title=words["why_thanks"], detail="", again=again, again_title=words["another"]
        )

    return router


def pulse_routes(forms: Forms, pulses: PulseStore, front: Front, clock: Clock) -> APIRouter:
    """Build the routes of the pulse.

    Args:
        forms: Opens links.
        pulses: Takes pulses in.
        front: Renders.
        clock: The source of now.
    """
    router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

    def shown(opened: Opened, presented: str, form_key: str, problem: str | None = None) -> Response:
        return front.page(
            "pulse.html",
            422 if problem else 200,
            opened=opened,
            presented=presented,
            form_key=form_key,
            problem=problem,
        )

    @router.get("/pulse/{presented}")
    async def form(presented: str) -> Response:
        return shown(await forms.open(presented, PULSE), presented, forms.new_key())

    @router.post("/pulse")
    async def answer(request: Request) -> Response:
        sent = await read_form(request)
        opened = await forms.open(sent["link"], PULSE)
        safe, changed = (int(sent[name]) if sent[name].isdecimal() else 0 for name in QUESTIONS)
        try:
            link = opened.link
            await pulses.add(pulse_of(link.provider_id, link.site_id, _key(sent), (safe, changed), clock.now()))
        except Invalid:
            return shown(opened, sent["link"], sent["form_key"], "Not sent yet. Please answer both questions.")
        detail = "Your answers are counted. They are not kept with anything about you."
        return front.page("thanks.html", title="Sent. Thank you.", detail=detail, again="", again_title="")

    return router


def _context(front: Front, opened: Opened, presented: str, language: str, words: Any) -> dict[str, Any]:
    again = f"{front.prefix}/report/{presented}"
    return {"opened": opened, "presented": presented, "language": language, "w": words, "again": again}


def _receipt(front: Front, opened: Opened, receipt: Receipt, sent: Sent, clock: Clock) -> dict[str, Any]:
    numbers = front.words.numbers
    councils = opened.site.at(london_date(clock.now())).councils
    return {
        "receipt": receipt,
        "qr": qr_svg(receipt.code, receipt.code),
        "ask_why": not sent["reporter_name"],
        "numbers": numbers,
        "councils": [(name, numbers["councils"].get(name)) for name in councils],
        "notes": "\n".join(sent[name] for name in ("text", "place", "what_stopped_it") if sent[name]),
    }


def _key(sent: Sent) -> str:
    key = sent["form_key"]
    if not key or len(key) > KEY_MAX_CHARS:
        raise NotFound("this form is too old; open it again from the poster")
    return key


def _preferred(request: Request, front: Front) -> str | None:
    """Return the first language of the browser's that there are words for."""
    for part in request.headers.get("accept-language", "").split(","):
        code = part.partition(";")[0].strip().partition("-")[0].lower().replace("fil", "tl")
        if code in front.words.languages:
            return code
    return None
