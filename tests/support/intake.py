"""Intake under test: keys made for it, an app in this process over the real mongod, and what is in its outbox."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from fastapi import FastAPI
from pydantic import SecretStr

from services.intake.app import create_app
from services.intake.settings import Settings
from shared.kernel.clock import FixedClock
from shared.runtime.mongo import Database
from shared.runtime.packs import records_of

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BOOTSTRAP = "nmk_bootstrap-for-tests"
_PRIVATE = Ed25519PrivateKey.generate()
PRIVATE_PEM = _PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
PUBLIC_PEM = _PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
KEY = base64.b64encode(bytes(range(32))).decode()
SITES = (
    "provider_id,site_id,name,cqc_location_id,setting,postcode,capacity,capacity_unit,region,councils,contracts,"
    "opened_on,closed_on,effective_from\n"
    "rowan,elm,Elm House,1-1,residential,ZZ1 1AA,40,beds,North,Northshire;Vale,Block A,2015-04-01,,\n"
    "rowan,ash,Ash Lodge,1-2,nursing,ZZ1 1AB,30,beds,North,Northshire,,2016-04-01,2025-12-31,\n"
    "other,oak,Oak View,1-3,residential,ZZ1 1AC,20,beds,South,Southshire,,2015-04-01,,\n"
)
PROVIDERS = "provider_id,name,synthetic\nrowan,Rowan (invented),true\nother,Other (invented),true\n"


def settings(mongo: str, prefix: str, **changes: Any) -> Settings:
    """Settings of an intake over a test's own database."""
    values: dict[str, Any] = {
        "mongodb_uri": SecretStr(mongo),
        "database_prefix": prefix,
        "token_public_key": PUBLIC_PEM,
        "token_private_key": SecretStr(PRIVATE_PEM),
        "vault_kek": SecretStr(KEY),
        "pseudonym_key": SecretStr(KEY),
        "bootstrap_key": SecretStr(BOOTSTRAP),
    }
    return Settings(**(values | changes))


class Intake:
    """A running intake and a client of it.

    Args:
        app: The app.
        clock: Its clock, which stands still.
        http: A client without a key.
    """

    def __init__(self, app: FastAPI, clock: FixedClock, http: httpx.AsyncClient) -> None:
        self.app = app
        self.clock = clock
        self.http = http

    @property
    def db(self) -> Database:
        """Intake's database."""
        database: Database = self.app.state.runtime.mongo.db
        return database

    async def call(self, method: str, path: str, key: str = BOOTSTRAP, **options: Any) -> httpx.Response:
        """Call with an API key or token."""
        headers = {"Authorization": f"Bearer {key}"} | options.pop("headers", {})
        return await self.http.request(method, path, headers=headers, **options)

    async def key(self, *roles: str, provider: str = "rowan", **more: Any) -> str:
        """Make an API key."""
        answer = await self.call("POST", "/v1/keys", json={"provider_id": provider, "roles": list(roles), **more})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["key"])

    async def register(self) -> None:
        """Register two providers and three sites."""
        for kind, table in (("providers", PROVIDERS), ("sites", SITES)):
            answer = await self.call(
                "POST", f"/v1/registry:import?kind={kind}", content=table, headers={"Content-Type": "text/csv"}
            )
            assert answer.status_code == 200, answer.text
        await self.db["outbox"].delete_many({})

    async def outbox(self, topic: str) -> list[dict[str, Any]]:
        """What waits to be sent to a topic, in order."""
        rows = await self.db["outbox"].find({"topic": f"nearmiss.{topic}.v1"}).sort("_id", 1).to_list(None)
        return [orjson.loads(value) for row in rows for _, _, (_, value, _) in records_of(row) if value]


@asynccontextmanager
async def running(mongo: str, prefix: str, **changes: Any) -> AsyncIterator[Intake]:
    """An intake with an open database and no Kafka: what it would send stays in its outbox."""
    clock = FixedClock(NOW)
    app = create_app(settings(mongo, prefix, **changes), clock)
    runtime = app.state.runtime
    runtime.mongo.open()
    for job in runtime._on_open:
        await job()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://front") as http:
        yield Intake(app, clock, http)
    runtime.mongo.close()
