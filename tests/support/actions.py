"""The actions service in-process over a real mongod: batches go in at the fold, events are read from the outbox."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import SecretStr

from services.actions.app import create_app
from services.actions.settings import Settings
from shared.contracts.classifier import Classification, ClassificationCorrected, Correction, ReportClassified
from shared.contracts.envelope import Event
from shared.contracts.intake import (
    Asset,
    AssetRegistered,
    Exposure,
    ExposureRecorded,
    ProviderRegistered,
    Report,
    ReportReceived,
    ReportWithdrawn,
    Site,
    SiteRegistered,
    SiteVersion,
)
from shared.contracts.topics import TOPICS, Topic
from shared.kernel.clock import SystemClock
from shared.kernel.ids import event_id
from shared.kernel.principal import Principal, Role
from shared.runtime import outbox
from shared.runtime.auth import sign_token
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Session
from shared.runtime.received import Received
from tests.support.clock import CLOCK

MONDAY = date(2026, 3, 2)
RECORDED = datetime(2026, 3, 1, 8, tzinfo=UTC)
HANDOVER = (("medication", "handover"), ("shift_handover",))
KEY = Ed25519PrivateKey.generate()
PRIVATE_PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC_PEM = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
TOPIC_OF: dict[str, Topic] = {event.__name__: topic for topic in TOPICS for event in topic.events}


def report(number: str, day: date, kind: type = ReportReceived, revision: int = 1, **changes: Any) -> Event:
    """An event with the whole state of a report, told at noon of a day."""
    at = datetime.combine(day, time(12), UTC)
    head = {name: changes.pop(name) for name in ("provider_id", "site_id", "replay") if name in changes}
    more = {"reason": "entered_in_error"} if kind is ReportWithdrawn else {}
    state = {
        "report_id": number,
        "revision": revision,
        "setting": "residential",
        "occurred_at": at,
        "occurred_precision": "day",
        "reported_at": at,
        "received_at": at,
        "origin": "live",
        "text": "Invented words that must never be stored here.",
        "identity_mode": "anonymous",
        "redaction_version": "1",
    }
    return kind(
        event_id=event_id(kind.__name__, number, revision),
        **{"provider_id": "p", "site_id": "s", "recorded_at": RECORDED, **head, **more},
        report=Report.model_validate(state | changes),
    )


def classified(number: str, labels: tuple[tuple[str, ...], tuple[str, ...]] = HANDOVER, **head: Any) -> Event:
    """What the model said of a report's first revision."""
    return ReportClassified(
        event_id=event_id("ReportClassified", number, 1, "m1"),
        **{"provider_id": "p", "site_id": "s", "recorded_at": RECORDED, **head},
        report_received_at=RECORDED,
        classification=Classification(
            report_id=number,
            report_revision=1,
            decision_no=0,
            is_near_miss=True,
            domains=labels[0],
            primary_domain=labels[0][0] if labels[0] else None,
            contributory_factors=labels[1],
            potential_severity="moderate",
            how_caught=(),
            escalate=(),
            event_class="near_miss",
            taxonomy_version="2026.11",
            model_version="m1",
        ),
    )


def corrected(number: str, decision: int = 1, **fields: Any) -> Event:
    """What a person said of a report."""
    return ClassificationCorrected(
        event_id=event_id("ClassificationCorrected", number, decision),
        provider_id="p",
        site_id="s",
        recorded_at=RECORDED,
        correction=Correction(
            report_id=number, report_revision=1, decision_no=decision, fields=fields, taxonomy_version="2026.11"
        ),
    )


def exposed(week: int, value: float, revision: int = 1, unit: str = "occupied_bed_days") -> Event:
    """Exposure of the week-th week."""
    start = MONDAY + timedelta(weeks=week)
    return ExposureRecorded(
        event_id=event_id("ExposureRecorded", f"s|{start}|{unit}", revision),
        provider_id="p",
        site_id="s",
        recorded_at=RECORDED,
        exposure=Exposure(
            period_start=start,
            period_end=start + timedelta(days=6),
            unit=unit,
            value=value,
            basis="counted",
            revision=revision,
        ),
    )


def asset(number: str, name: str | None = None, **changes: Any) -> Event:
    """An asset of the site in its register."""
    state = {"asset_id": number, "revision": 1, "number": number, "kind": "hoist", "name": name, "owner": "provider"}
    return AssetRegistered(
        event_id=event_id("AssetRegistered", number, 1),
        provider_id="p",
        site_id="s",
        recorded_at=RECORDED,
        asset=Asset.model_validate(state | changes),
    )


def registered(site_id: str = "s", name: str = "Elm House", provider_id: str = "p", revision: int = 1) -> list[Event]:
    """A provider and one of its sites."""
    version = SiteVersion(effective_from=date(2020, 1, 1), name=name, setting="residential")
    head = {"provider_id": provider_id, "recorded_at": RECORDED}
    site = Site(site_id=site_id, revision=revision, opened_on=date(2020, 1, 1), history=(version,))
    return [
        ProviderRegistered(event_id=event_id("ProviderRegistered", provider_id, 1), **head, revision=1, name="Group"),
        SiteRegistered(event_id=event_id("SiteRegistered", site_id, revision), **head, site_id=site_id, site=site),
    ]


def handovers(days: Iterable[int], prefix: str = "r", **changes: Any) -> list[Event]:
    """Reports that fit the handover checklist, one on each of the days after the first Monday, classified."""
    head = {name: changes[name] for name in ("provider_id", "site_id") if name in changes}
    events: list[Event] = []
    for day in days:
        events += [
            report(f"{prefix}{day}", MONDAY + timedelta(days=day), **changes),
            classified(f"{prefix}{day}", **head),
        ]
    return events


class House:
    """The service under test."""

    def __init__(self, mongodb_uri: str, prefix: str, **settings: Any) -> None:
        options = {"mongodb_uri": SecretStr(mongodb_uri), "database_prefix": prefix, "token_public_key": PUBLIC_PEM}
        self.app = create_app(Settings(**{**options, "replay_wait_s": 0.5, **settings}), CLOCK)
        self.runtime = self.app.state.runtime
        self.log_end: dict[tuple[str, int], int] = {}
        self.log_read = True
        self.runtime.end_offsets = self._end_offsets
        self.runtime.reached = self._reached

    async def _end_offsets(self) -> dict[tuple[str, int], int]:
        return self.log_end

    async def _reached(self, targets: Any) -> bool:
        return self.log_read

    @property
    def db(self) -> Any:
        return self.runtime.mongo.db

    async def fold(self, *events: Event | Sequence[Event]) -> Tx:
        """Apply one batch as the runtime would, without its fence."""
        flat = [inner for event in events for inner in (event if isinstance(event, list) else [event])]
        batch = [Received(TOPIC_OF[said.type], said, SimpleNamespace(offset=0)) for said in flat]

        async def work(session: Session) -> Tx:
            tx = Tx(session, self.db, self.runtime.clock.now(), "actions")
            await self.runtime._ledger._fold(batch, tx)
            await outbox.write(self.runtime.mongo, session, tx.rows)
            return tx

        return await self.runtime.mongo.in_transaction(work)

    async def events(self, *types: str) -> list[Any]:
        """Read the outbox in order, decoded by the contracts."""
        by_name = {topic.name: topic for topic in TOPICS}
        rows = await self.db[outbox.COLLECTION].find().sort("_id", 1).to_list(None)
        decoded = [by_name[row["topic"]].decode(row["value"]) for row in rows]
        return [event for event in decoded if not types or event.type in types]

    async def state(self, collection: str) -> list[dict[str, Any]]:
        """Read a collection in order of its ids."""
        return await self.db[collection].find().sort("_id", 1).to_list(None)

    def client(
        self, *roles: Role, tenant: str = "p", sites: Iterable[str] | None = None, subject: str = "user-1"
    ) -> httpx.AsyncClient:
        """A caller with roles and a reach."""
        until = datetime(2099, 1, 1, tzinfo=UTC)
        reach = None if sites is None else frozenset(sites)
        token = sign_token(PRIVATE_PEM, Principal(subject, tenant, reach, frozenset(roles), until), SystemClock())
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(self.app),
            base_url="http://actions",
            headers={"Authorization": f"Bearer {token}"},
        )


@asynccontextmanager
async def open_house(mongodb_uri: str, prefix: str, **settings: Any) -> AsyncIterator[House]:
    """Open the database as the start-up would, and close it again."""
    house = House(mongodb_uri, prefix, **settings)
    house.runtime.mongo.open()
    for job in house.runtime._on_open:
        await job()
    try:
        yield house
    finally:
        house.runtime.mongo.close()
