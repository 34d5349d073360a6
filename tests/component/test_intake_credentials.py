"""Keys, tokens and sign-in through intake's HTTP over the real mongod."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from services.intake.app import create_app
from services.intake.settings import Settings, SettingsIncomplete
from tests.support.intake import BOOTSTRAP, NOW, PUBLIC_PEM, Intake, running

pytestmark = pytest.mark.engines
SAME_SITE = {"Origin": "http://front"}


@pytest.fixture
async def intake(mongodb_uri: str, database_prefix: str) -> AsyncIterator[Intake]:
    async with running(mongodb_uri, database_prefix, root_path="/in") as one:
        await one.register()
        yield one


def claims(token: str) -> dict[str, object]:
    return jwt.decode(token, PUBLIC_PEM, algorithms=["EdDSA"], audience="nearmiss", options={"verify_exp": False})


async def test_a_key_becomes_a_token_of_an_hour(intake: Intake) -> None:
    """A key is exchanged for a signed token with its tenant, sites and roles; a token is not exchanged again."""
    intake.clock.moment = now = datetime.now(UTC).replace(microsecond=0)
    key = await intake.key("manager", "feed", sites=["elm"])

    said = (await intake.call("POST", "/v1/tokens", key)).json()
    used = await intake.call("GET", "/v1/registry/sites", said["token"])
    again = await intake.call("POST", "/v1/tokens", said["token"])

    found = claims(said["token"])
    assert (found["tenant"], found["sites"], found["roles"]) == ("rowan", ["elm"], ["feed", "manager"])
    assert (now + timedelta(minutes=60)).timestamp() == found["exp"]
    assert (used.status_code, again.status_code) == (200, 403)


async def test_only_hashes_are_kept(intake: Intake) -> None:
    """Neither the database nor the list of keys holds what would open the door."""
    key = await intake.key("feed", label="app")

    stored = await intake.db["credentials"].find({}).to_list(None)
    listed = await intake.call("GET", "/v1/keys?provider_id=rowan")

    secret = key.partition(".")[2]
    assert secret not in repr(stored) + listed.text
    assert [one["label"] for one in listed.json()["keys"]] == ["app"]


async def test_expired_is_told_apart_revoked_and_unknown_are_not(intake: Intake) -> None:
    """An expired key says so; a revoked one and one that never was say the same."""
    expiring = await intake.key("feed", expires_at=(NOW + timedelta(minutes=1)).isoformat())
    revoked = await intake.key("feed")
    key_id = revoked.removeprefix("nmk_").partition(".")[0]
    assert (await intake.call("GET", "/v1/registry/sites", revoked)).status_code == 200
    assert [(await intake.call("DELETE", f"/v1/keys/{key_id}")).status_code for _ in range(2)] == [204, 204]
    intake.clock.moment += timedelta(minutes=2)

    answers = [
        await intake.call("GET", "/v1/registry/sites", key)
        for key in (expiring, revoked, f"nmk_{key_id}.wrong", "nmk_nothing", "nonsense")
    ]

    assert [answer.status_code for answer in answers] == [401] * 5
    details = [answer.json()["detail"] for answer in answers]
    assert "expired" in details[0]
    assert details[1:4] == ["the API key is revoked or unknown"] * 3


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"roles": ["feed"]}, 201),
        ({"roles": ["governance"], "sites": ["elm"]}, 201),
        ({"roles": ["operator"]}, 422),
        ({"roles": []}, 422),
        ({"roles": ["feed"], "provider_id": "other"}, 404),
        ({"roles": ["feed"], "provider_id": "*"}, 404),
        ({"roles": ["feed"], "sites": ["oak"]}, 422),
        ({"roles": ["feed"], "expires_at": "2026-03-04T11:00:00Z"}, 422),
        ({"roles": ["feed"], "expires_at": "2036-03-04T11:00:00Z"}, 422),
    ],
)
async def test_governance_gives_no_more_than_it_has(intake: Intake, asked: dict[str, object], status: int) -> None:
    """Governance makes keys of its own provider, with roles up to its own, and no others."""
    governance = await intake.key("governance")

    assert status == (await intake.call("POST", "/v1/keys", governance, json=asked)).status_code


async def test_governance_of_one_site_stays_there(intake: Intake) -> None:
    """A key that reaches one site makes keys for that site alone, and neither sees nor revokes others."""
    narrow = await intake.key("governance", sites=["elm"])
    wide = await intake.key("feed")
    key_id = wide.removeprefix("nmk_").partition(".")[0]

    answers = [
        await intake.call("POST", "/v1/keys", narrow, json={"roles": ["feed"]} | sites)
        for sites in ({}, {"sites": ["ash"]}, {"sites": ["elm"]})
    ]
    listed = await intake.call("GET", "/v1/keys", narrow)
    revoking = await intake.call("DELETE", f"/v1/keys/{key_id}", narrow)

    assert [answer.status_code for answer in answers] == [422, 422, 201]
    assert [one["sites"] for one in listed.json()["keys"]] == [["elm"], ["elm"]]
    assert revoking.status_code == 404


async def link(intake: Intake, **changes: object) -> dict[str, str]:
    asked = {"provider_id": "rowan", "roles": ["governance"], "expires_in_hours": 2, "next": "/sites"} | changes
    answer = await intake.call("POST", "/v1/sign-in-links", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_sign_in_link_opens_a_session(intake: Intake) -> None:
    """A link sets a strict cookie with a token, no longer than the link lives, and leads to its page."""
    said = await link(intake)

    answer = await intake.http.get("https://front" + said["path"].removeprefix("/in"))

    cookie = answer.headers["set-cookie"].lower()
    assert said["path"].startswith("/in/sign-in/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites")
    for part in ("nearmiss_session=", "httponly", "samesite=lax", "path=/", "secure", "max-age=7200"):
        assert part in cookie
    token = answer.cookies["nearmiss_session"]
    assert ("rowan", (NOW + timedelta(hours=2)).timestamp()) == (claims(token)["tenant"], claims(token)["exp"])


async def test_a_link_that_is_over_opens_nothing(intake: Intake) -> None:
    """An expired, a revoked and an invented link give a page that says so, and no cookie; a key is no link."""
    expired, revoked = await link(intake, expires_in_hours=1), await link(intake)
    await intake.call("DELETE", f"/v1/sign-in-links/{revoked['link_id']}")
    intake.clock.moment += timedelta(hours=1)
    key = await intake.key("feed")

    answers = [
        await intake.http.get(path)
        for path in (
            expired["path"].removeprefix("/in"),
            revoked["path"].removeprefix("/in"),
            "/sign-in/invented",
            f"/sign-in/{key.removeprefix('nmk_')}",
        )
    ]

    assert [(answer.status_code, "set-cookie" in answer.headers) for answer in answers] == [(401, False)] * 4
    assert "default-src 'none'" in answers[0].headers["content-security-policy"]


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "/a\nb"])
async def test_no_link_or_form_leads_off_the_site(intake: Intake, path: str) -> None:
    """A path that another site could hide in is refused in a link and replaced in the form."""
    asked = {"provider_id": "rowan", "roles": ["feed"], "expires_in_hours": 2, "next": path}
    made = await intake.call("POST", "/v1/sign-in-links", json=asked)
    signed = await intake.http.post("/sign-in", data={"key": BOOTSTRAP, "next": path}, headers=SAME_SITE)

    assert (made.status_code, signed.status_code, signed.headers["location"]) == (422, 303, "/")


async def test_the_form_signs_in_and_out(intake: Intake) -> None:
    """A pasted key opens a session that the API takes; a wrong one says so; signing out empties the cookie."""
    intake.clock.moment = datetime.now(UTC)
    key = await intake.key("manager")

    page = await intake.http.get("/sign-in?next=/a%22b")
    wrong = await intake.http.post("/sign-in", data={"key": "nmk_wrong.wrong"}, headers=SAME_SITE)
    right = await intake.http.post("/sign-in", data={"key": key, "next": "/my-site"}, headers=SAME_SITE)
    sites = await intake.http.get("/v1/registry/sites")
    out = await intake.http.post("/sign-out", headers=SAME_SITE)

    assert ('value="/a&quot;b"' in page.text, 'action="/in/sign-in"' in page.text) == (True, True)
    assert (
        wrong.status_code,
        sites.status_code,
        right.status_code,
        right.headers["location"],
    ) == (401, 200, 303, "/my-site")
    assert "secure" not in right.headers["set-cookie"].lower()
    assert 'nearmiss_session=""' in out.headers["set-cookie"]


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {}],
    ids=["told by the browser", "foreign origin", "hidden origin", "nothing told"],
)
async def test_another_sites_form_signs_nobody_in_or_out(intake: Intake, headers: dict[str, str]) -> None:
    """A form that does not come from here, or does not say where from, is refused and sets no cookie."""
    answers = [
        await intake.http.post(path, data={"key": BOOTSTRAP}, headers=headers) for path in ("/sign-in", "/sign-out")
    ]

    assert [(answer.status_code, "set-cookie" in answer.headers) for answer in answers] == [(403, False)] * 2


@pytest.mark.parametrize("public_https", [True, False])
async def test_a_setting_keeps_cookies_to_https(mongodb_uri: str, database_prefix: str, public_https: bool) -> None:
    """Behind a front door the setting decides whether the cookie is Secure; what a client says of it does not."""
    headers = SAME_SITE | {"X-Forwarded-Proto": "http" if public_https else "https"}
    async with running(mongodb_uri, database_prefix, public_https=public_https) as intake:
        answer = await intake.http.post("/sign-in", data={"key": BOOTSTRAP}, headers=headers)

    assert public_https == ("secure" in answer.headers["set-cookie"].lower())


async def test_every_route_wants_to_know_who_asks(intake: Intake) -> None:
    """Without proof every API route is a 401, and a wrong role a 403."""
    analyst = await intake.key("analyst")

    nobody = await intake.http.post("/v1/reports", json={"site_id": "elm", "text": "x"})
    wrong = await intake.call("POST", "/v1/reports", analyst, json={"site_id": "elm", "text": "x"})

    assert (nobody.status_code, nobody.headers["www-authenticate"], wrong.status_code) == (401, "Bearer", 403)


def test_missing_keys_are_all_named_at_once() -> None:
    """An intake without its three keys does not start, and says which variables are missing."""
    with pytest.raises(SettingsIncomplete) as raised:
        create_app(Settings())

    for variable in ("NEARMISS_TOKEN_PRIVATE_KEY", "NEARMISS_VAULT_KEK", "NEARMISS_PSEUDONYM_KEY"):
        assert variable in str(raised.value)
