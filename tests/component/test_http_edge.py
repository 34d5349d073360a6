"""What the HTTP edge of every service promises: no door without a guard, every refusal says what and where."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from shared.kernel.clock import FixedClock, SystemClock
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid, NotFound, Unavailable
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import COOKIE, PUBLIC, Allow, sign_token
from shared.runtime.runtime import Runtime
from shared.runtime.settings import RuntimeSettings

KEY = Ed25519PrivateKey.generate()
PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC_KEY = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
Manager = Depends(Allow(Role.MANAGER))


class Body(BaseModel):
    count: int


def principal(roles=(Role.MANAGER,), minutes=5) -> Principal:
    return Principal("u1", "p1", frozenset({"s1"}), frozenset(roles), datetime.now(UTC) + timedelta(minutes=minutes))


def token(**changes) -> str:
    return sign_token(PRIVATE, principal(**changes), SystemClock())


def make_app(*routers: APIRouter):
    settings = RuntimeSettings(token_public_key=PUBLIC_KEY, body_max_bytes=1000)
    return Runtime("actions", settings).app(routers=routers)


@pytest.fixture
def http():
    router = APIRouter()
    errors = {
        "invalid": Invalid("no", (Fault("bad", "name", 3),)),
        "missing": NotFound("thing 7 is not known here"),
        "conflict": Conflict("moved on"),
        "forbidden": Forbidden("not you"),
        "away": Unavailable("the database cannot be reached", 7),
        "bug": ZeroDivisionError("secret detail"),
    }

    @router.get("/me")
    async def me(who: Principal = Manager):
        return {"tenant": who.tenant, "sites": sorted(who.sites or ())}

    @router.post("/things")
    async def things(body: Body, who: Principal = Manager):
        return {"count": body.count, "by": who.subject}

    @router.get("/raise/{what}", dependencies=[Depends(PUBLIC)])
    async def fail(what: str):
        raise errors[what]

    transport = httpx.ASGITransport(make_app(router), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def test_an_app_with_an_unguarded_route_cannot_be_built():
    """Forgetting the guard is found at start, not by a stranger."""
    router = APIRouter()

    @router.get("/open")
    async def forgotten():
        return {}

    with pytest.raises(PermissionError, match="/open has no guard"):
        make_app(router)


async def test_a_valid_token_opens_what_its_role_may_open(http):
    """By header or by cookie; another role is refused with the roles it needs."""
    bearer = {"Authorization": f"Bearer {token()}"}

    assert (await http.get("/me", headers=bearer)).json() == {"tenant": "p1", "sites": ["s1"]}
    http.cookies.set(COOKIE, token())
    assert (await http.get("/me")).status_code == 200
    http.cookies.clear()
    refused = await http.get("/me", headers={"Authorization": f"Bearer {token(roles=(Role.ANALYST,))}"})
    assert refused.status_code == 403
    assert "manager" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (lambda: None, "send a token"),
        (lambda: "garbage", "not valid"),
        (lambda: token(minutes=-1), "expired"),
        (lambda: token()[:-4] + "AAAA", "not valid"),
        (lambda: "nmk_some_key", "exchange the API key"),
        (
            lambda: sign_token(
                Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
                principal(),
                SystemClock(),
            ),
            "not valid",
        ),
    ],
    ids=["none", "garbage", "expired", "tampered", "api key", "another signer"],
)
async def test_without_a_valid_token_nothing_opens_and_the_reason_is_said(http, credential, said):
    """401 as problem+json, and what to do."""
    value = credential()
    answer = await http.get("/me", headers={"Authorization": f"Bearer {value}"} if value else {})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["detail"]
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_cookie_does_not_work_from_another_sites_page(http):
    """A changing request that carries only the cookie must come from our own pages."""
    http.cookies.set(COOKIE, token())
    forged = await http.post(
        "/things", json={"count": 1}, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    )
    own = await http.post("/things", json={"count": 1}, headers={"Origin": "http://test"})

    assert forged.status_code == 403
    assert own.status_code == 200


@pytest.mark.parametrize(
    ("what", "status"),
    [("invalid", 422), ("missing", 404), ("conflict", 409), ("forbidden", 403), ("away", 503), ("bug", 500)],
)
async def test_every_error_is_a_problem_document(http, what, status):
    """RFC 9457; a bug tells nothing of the inside."""
    answer = await http.get(f"/raise/{what}")
    body = answer.json()

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == status
    assert "secret" not in answer.text
    if what == "invalid":
        assert body["errors"] == [{"line": 3, "field": "name", "detail": "bad"}]
    if what == "away":
        assert answer.headers["retry-after"] == "7"


async def test_a_body_is_refused_by_field_by_position_and_by_size(http):
    """Wrong field, broken JSON, declared and undeclared sizes over the limit."""
    bearer = {"Authorization": f"Bearer {token()}", "Content-Type": "application/json"}
    wrong = await http.post("/things", content=b'{"count": "many"}', headers=bearer)
    broken = await http.post("/things", content=b'{"count": 1', headers=bearer)
    large = await http.post("/things", content=b" " * 2000, headers=bearer)

    async def stream():
        for _ in range(30):
            yield b" " * 100

    chunked = await http.post("/things", content=stream(), headers=bearer)

    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "count")
    assert "many" not in wrong.text
    assert broken.status_code == 400
    assert "character 11" in broken.text
    assert (large.status_code, chunked.status_code) == (413, 413)


async def test_an_unknown_address_is_a_problem_document_too(http):
    """Also what no route answers."""
    answer = await http.get("/nowhere")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_principal_stays_within_its_tenant():
    """Another tenant's provider does not exist; the operator has to name one."""
    operator = Principal("o", "*", None, frozenset({Role.OPERATOR}), FixedClock(datetime(2026, 1, 1, tzinfo=UTC)).now())

    assert principal().provider() == "p1"
    assert operator.provider("p9") == "p9"
    with pytest.raises(NotFound):
        principal().provider("p2")
    with pytest.raises(Forbidden):
        operator.provider()
    assert not principal().sees_held
    assert operator.sees_held
