"""The page of keys and sign-in links: who or what may come in, until when; the secret is shown once and never again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import FormData

from services.intake.domain.credentials import Credential, Kind
from services.intake.routes.credentials import Granter
from services.intake.routes.register_pages import RegisterPages
from services.intake.routes.reports import Provider
from services.intake.usecases.credentials import Asked, Credentials
from services.intake.usecases.register_view import RegisterView
from shared.kernel.clock import Clock
from shared.kernel.errors import Fault, Invalid
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import refuse_other_sites

OVERLAP: Final = timedelta(hours=24)
SOON: Final = timedelta(days=28)
LABEL_MAX_CHARS: Final = 100
LIVES: Final[dict[Kind, tuple[tuple[str, str], ...]]] = {
    "key": (("30", "30 days"), ("90", "90 days"), ("365", "a year")),
    "link": (("1", "a day"), ("7", "a week"), ("30", "30 days")),
}
GIVEN: Final = (
    (Role.FEED, "Send reports and exposure", "for an app or a file feed"),
    (Role.MANAGER, "Run one or some sites", "reviews reports, decides on actions"),
    (Role.SAFEGUARDING, "Lead safeguarding", "sees what is held from a site"),
    (Role.GOVERNANCE, "Answer for the whole provider", "sees everything, makes keys"),
    (Role.ANALYST, "Read figures", "views without report text"),
    (Role.INSPECTOR, "Inspect", "for the regulator: reads, changes nothing"),
    (Role.COMMISSIONER, "Commission", "for a council: reads what was issued to it"),
)
"""Roles that can be given here, each with what it opens."""
_DONE: Final = {
    "revoked": "Revoked. It opens nothing any more; what was opened by it ends within its hour.",
}


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key or link in the list; `state` is open, ends soon, over or revoked."""

    credential: Credential
    state: str


def key_pages(credentials: Credentials, view: RegisterView, shown: RegisterPages, clock: Clock) -> APIRouter:
    """Build the routes.

    Args:
        credentials: Hands out and revokes.
        view: Names the sites.
        shown: Renders.
        clock: The source of now.
    """
    router = APIRouter(prefix="/keys", include_in_schema=False)

    async def page(principal: Principal, provider_id: str | None, done: str | None, made: object = None) -> Response:
        now = clock.now()
        lists = [
            (kind, _lines(await credentials.all_of(principal, provider_id, kind), now)) for kind in ("key", "link")
        ]
        sites = [(line.site.site_id, line.now.name) for line in await view.sites(principal, provider_id) if line.open]
        return shown.page(
            "keys.html",
            principal,
            provider_id,
            lists=lists,
            sites=sites,
            names=dict(sites),
            roles=[(role.value, title, hint) for role, title, hint in GIVEN],
            lives=LIVES,
            made=made,
            done=done,
        )

    @router.get("")
    async def listed(
        principal: Granter, provider_id: Provider = None, done: Annotated[str, Query(max_length=20)] = ""
    ) -> Response:
        return await page(principal, provider_id, _DONE.get(done))

    @router.post("/{kind}")
    async def make(kind: Kind, request: Request, principal: Granter, provider_id: Provider = None) -> Response:
        refuse_other_sites(request)
        form = await request.form(max_files=0, max_fields=60, max_part_size=500)
        asked = _asked(form, kind, principal.provider(provider_id), clock.now())
        issued = await credentials.issue(principal, kind, asked)
        spelt = issued.spelt if kind == "key" else f"{shown.prefix}/sign-in/{issued.spelt}"
        return await page(principal, provider_id, None, (kind, asked.label, spelt, None))

    @router.post("/{kind}/{credential_id}/revoke")
    async def revoke(
        kind: Kind, credential_id: str, request: Request, principal: Granter, provider_id: Provider = None
    ) -> Response:
        refuse_other_sites(request)
        await credentials.revoke(principal, kind, credential_id)
        return shown.to(principal, provider_id, "/keys", done="revoked")

    @router.post("/key/{credential_id}/rotate")
    async def rotate(
        credential_id: str, request: Request, principal: Granter, provider_id: Provider = None
    ) -> Response:
        refuse_other_sites(request)
        issued, old = await credentials.rotate(principal, credential_id, OVERLAP)
        return await page(principal, provider_id, None, ("key", old.label, issued.spelt, old.expires_at))

    return router


def _lines(found: Sequence[Credential], now: datetime) -> list[KeyLine]:
    order = ("ends soon", "open", "over", "revoked")
    lines = [KeyLine(one, _state(one, now)) for one in found]
    return sorted(lines, key=lambda line: (order.index(line.state), line.credential.label.casefold()))


def _state(credential: Credential, now: datetime) -> str:
    if credential.revoked_at is not None:
        return "revoked"
    if credential.expires_at <= now:
        return "over"
    return "ends soon" if credential.kind == "key" and credential.expires_at - now < SOON else "open"


def _asked(form: FormData, kind: Kind, provider_id: str, now: datetime) -> Asked:
    """Read what was asked for.

    Raises:
        Invalid: a field is not as it must be; names it.
    """
    label = str(form.get("label", "")).strip()
    days = str(form.get("days", ""))
    named = {str(value) for value in form.getlist("roles")}
    sites = frozenset(str(value) for value in form.getlist("sites"))
    faults = []
    if not 0 < len(label) <= LABEL_MAX_CHARS:
        faults.append(Fault(f"say in at most {LABEL_MAX_CHARS} characters what it is for", "label"))
    if days not in {value for value, _ in LIVES[kind]}:
        faults.append(Fault("choose one of the list", "days"))
    if not named or not named <= {role.value for role, _, _ in GIVEN}:
        faults.append(Fault("choose at least one of the list", "roles"))
    if faults:
        raise Invalid("nothing was handed out; see errors", tuple(faults))
    until = now + timedelta(days=int(days))
    next_path = "/" if kind == "link" else ""
    return Asked(provider_id, sites or None, frozenset(map(Role, named)), label, until, next_path)
