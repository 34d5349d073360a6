"""Reporting under test: events of an invented provider, the fold over a real mongod, the app without Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr

from services.reporting.adapters.mongo_admin import MongoAdmin
from services.reporting.app import create_app, live_store
from services.reporting.routes.fold import make_fold, own_topics
from services.reporting.settings import Settings
from shared.contracts import actions, classifier, effectiveness, intake
from shared.contracts.envelope import Event
from shared.contracts.topics import TOPICS, Topic
from shared.kernel.clock import FixedClock
from shared.kernel.ids import event_id
from shared.kernel.principal import Principal, Role
from shared.runtime import outbox
from shared.runtime.auth import sign_token
from shared.runtime.fenced import COLLECTION as FENCES
from shared.runtime.fenced import Tx
from shared.runtime.mongo import Session
from shared.runtime.received import Received

PROVIDER = "rowan-care"
MONDAY = date(2026, 11, 16)
NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
TOLD = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
_TOPIC_OF = {kind: topic for topic in TOPICS for kind in topic.events}


def received(*events: Event) -> list[Received]:
    """Events as the runtime hands them to a fold."""
    return [Received(topic_of(event), event, None) for event in events]


def topic_of(event: Event) -> Topic:
    """The topic that an event travels on."""
    return topic_of_type(type(event))


def topic_of_type(kind: type[Event]) -> Topic:
    """The topic that events of a type travel on."""
    return _TOPIC_OF[kind]


def _event(kind: type[Event], subject: str, revision: int, site_id: str, /, **fields: Any) -> Any:
    replay = fields.pop("replay", False)
    provider = fields.pop("provider", PROVIDER)
    return kind(
        event_id=event_id(kind.__name__, subject, revision),
        provider_id=provider,
        site_id=site_id,
        recorded_at=NOW,
        replay=replay,
        **fields,
    )


def report(report_id: str, site: str = "elm-house", kind: type[Event] = intake.ReportReceived, **changes: Any) -> Event:
    """A report, an amendment or a withdrawal (with a reason)."""
    around = {name: changes.pop(name) for name in ("replay", "provider", "reason") if name in changes}
    fields: dict[str, Any] = {
        "report_id": report_id,
        "revision": 1,
        "setting": "residential",
        "occurred_at": TOLD,
        "occurred_precision": "minute",
        "reported_at": TOLD,
        "received_at": TOLD + timedelta(seconds=2),
        "origin": "live",
        "text": "Two tablets were in the pot and the second check stopped it.",
        "identity_mode": "anonymous",
        "redaction_version": "1",
    }
    told = intake.Report(**(fields | changes))
    return _event(kind, report_id, told.revision, site, report=told, **around)


def withdrawn(report_id: str, revision: int, site: str = "elm-house", **changes: Any) -> Event:
    """A withdrawal."""
    return report(report_id, site, intake.ReportWithdrawn, revision=revision, reason="duplicate", **changes)


def amended(report_id: str, revision: int, site: str = "elm-house", **changes: Any) -> Event:
    """An amendment."""
    return report(report_id, site, intake.ReportAmended, revision=revision, **changes)


def classified(
    report_id: str,
    domains: Sequence[str] = ("medication",),
    event_class: str = "NEAR_MISS",
    site: str = "elm-house",
    revision: int = 1,
    **changes: Any,
) -> Event:
    """What the model said."""
    around = {name: changes.pop(name) for name in ("provider",) if name in changes}
    fields: dict[str, Any] = {
        "report_id": report_id,
        "report_revision": revision,
        "decision_no": 0,
        "is_near_miss": True,
        "domains": tuple(domains),
        "primary_domain": domains[0] if domains else None,
        "contributory_factors": (),
        "potential_severity": "moderate",
        "how_caught": (),
        "escalate": (),
        "event_class": event_class,
        "taxonomy_version": "2026.11",
        "model_version": "rules-1",
    }
    said = classifier.Classification(**(fields | changes))
    return _event(
        classifier.ReportClassified, report_id, revision, site, classification=said, report_received_at=TOLD, **around
    )


def corrected(report_id: str, decision_no: int, site: str = "elm-house", revision: int = 1, **fields: Any) -> Event:
    """What a person said instead."""
    said = classifier.Correction(
        report_id=report_id,
        report_revision=revision,
        decision_no=decision_no,
        fields=fields,
        by_role="registered_manager",
        taxonomy_version="2026.11",
    )
    return _event(classifier.ClassificationCorrected, report_id, decision_no, site, correction=said)


def provider(name: str = "Rowan Care Group (invented)", provider_id: str = PROVIDER, synthetic: bool = True) -> Event:
    """A provider."""
    return intake.ProviderRegistered(
        event_id=event_id("ProviderRegistered", provider_id, 1),
        provider_id=provider_id,
        recorded_at=NOW,
        revision=1,
        name=name,
        synthetic=synthetic,
    )


def site(site_id: str = "elm-house", name: str = "Elm House", setting: str = "residential", **changes: Any) -> Event:
    """A site."""
    revision = changes.pop("revision", 1)
    provider_id = changes.pop("provider", PROVIDER)
    opened_on = date(2015, 4, 1)
    version = intake.SiteVersion(effective_from=opened_on, name=name, setting=setting)
    state = intake.Site(site_id=site_id, revision=revision, opened_on=opened_on, history=(version,), **changes)
    kind = intake.SiteRegistered if revision == 1 else intake.SiteChanged
    return _event(kind, site_id, revision, site_id, provider=provider_id, site=state)


def exposure(
    site_id: str = "elm-house",
    start: date = MONDAY,
    value: float = 280,
    unit: str = "occupied_bed_days",
    days: int = 7,
    revision: int = 1,
) -> Event:
    """Care delivered."""
    told = intake.Exposure(
        period_start=start,
        period_end=start + timedelta(days=days - 1),
        unit=unit,
        value=value,
        basis="counted",
        revision=revision,
    )
    return _event(intake.ExposureRecorded, f"{site_id}|{start}|{unit}", revision, site_id, exposure=told)


def signal(signal_id: str, site_id: str = "elm-house", version: int = 1, **changes: Any) -> Event:
    """A signal."""
    fields: dict[str, Any] = {
        "signal_id": signal_id,
        "version": version,
        "status": "open",
        "kind": "rising_rate",
        "series": {"domains": ("medication",), "factors": ("shift_handover",)},
        "window_from": date(2026, 10, 26),
        "window_to": date(2026, 11, 15),
        "observed": 9,
        "expected": 3.1,
        "report_ids": ("r1",),
        "question": "Medicines at handover: is something new at shift change?",
        "rule": "rising-rate",
        "rule_version": "1",
        "raised_on": MONDAY,
        "as_of": MONDAY,
    }
    kind = actions.SignalRaised if version == 1 else actions.SignalUpdated
    return _event(kind, signal_id, version, site_id, signal=actions.Signal(**(fields | changes)))


def action(action_id: str, site_id: str = "elm-house", version: int = 1, **changes: Any) -> Event:
    """An action."""
    fields: dict[str, Any] = {
        "action_id": action_id,
        "version": version,
        "status": "proposed",
        "kind": "checklist",
        "title": "Structured medication handover checklist",
        "playbook_id": "medication-handover-checklist",
        "playbook_version": "1",
        "strength": "intermediate",
        "owner_role": "registered_manager",
        "steps": ({"step_id": "draft", "title": "Write the checklist"},),
        "report_ids": ("r1",),
        "proposed_at": TOLD,
    }
    kind = actions.ActionProposed if version == 1 else actions.ActionChanged
    state = actions.Action(**(fields | changes))
    return _event(kind, action_id, version, site_id, action=state, by_role="system")


def evaluation(evaluation_id: str, action_id: str, site_id: str = "elm-house", **changes: Any) -> Event:
    """What an action is judged by, with a verdict."""
    span = effectiveness.Span(first=MONDAY, last=MONDAY, events=1)
    verdict: dict[str, Any] = {
        "verdict": "INSUFFICIENT_EVIDENCE",
        "on": MONDAY,
        "baseline": span,
        "after": span,
        "weeks_more": 6,
        "harm_guard": "held",
        "sentence": "Not enough evidence yet, about 6 more weeks.",
        "rule_version": "1",
    }
    state = effectiveness.Evaluation(
        evaluation_id=evaluation_id,
        version=1,
        action_id=action_id,
        series={"domains": ("medication",)},
        started_on=MONDAY,
        baseline_from=MONDAY,
        baseline_to=MONDAY,
        baseline_is_a_rise=False,
        wash_in_days=14,
        review_on=(MONDAY,),
        rule_version="1",
        verdict=effectiveness.Verdict(**(verdict | changes)),
    )
    return _event(effectiveness.EffectivenessAssessed, evaluation_id, 1, site_id, evaluation=state)


class World:
    """The app over a real mongod, without Kafka.

    Args:
        mongodb_uri: Where mongod is.
        prefix: Of the database's name.
        settings: Further settings.
    """

    def __init__(self, mongodb_uri: str, prefix: str, **settings: Any) -> None:
        key = Ed25519PrivateKey.generate()
        self._private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        self.clock = FixedClock(NOW)
        values = {"mongodb_uri": SecretStr(mongodb_uri), "database_prefix": prefix, "token_public_key": public}
        self.settings = Settings(**(values | settings))
        self.app = create_app(self.settings, self.clock)
        self.runtime = self.app.state.runtime
        self.mongo = self.runtime.mongo
        self.admin = MongoAdmin(self.mongo)
        self._fold = make_fold(
            live_store, self.runtime.metrics, self.clock, own_topics(self.settings.providers_with_topics)
        )

    async def fold(self, *events: Event, before_commit: Callable[[], Awaitable[None]] | None = None) -> Tx:
        """Apply events as one batch, and return the transaction with what it published.

        Args:
            events: What the batch holds.
            before_commit: Awaited when all is written and nothing committed.
        """

        async def work(session: Session) -> Tx:
            tx = Tx(session, self.mongo.db, self.clock.now(), "reporting")
            await self._fold(received(*events), tx)
            await outbox.write(self.mongo, session, tx.rows)
            if before_commit is not None:
                await before_commit()
            await self._move_a_fence(session)
            return tx

        tx = await self.mongo.in_transaction(work)
        for call in tx.after:
            call()
        return tx

    async def _move_a_fence(self, session: Session) -> None:
        """As the ledger does in the transaction of every batch: what is remembered hangs on it."""
        moved = {"$inc": {"next": 1}, "$set": {"service": "reporting", "topic": "world", "topic_id": "world"}}
        await self.mongo.db[FENCES].update_one({"_id": "reporting:world:0"}, moved, upsert=True, session=session)

    async def lines(self) -> list[Any]:
        """Everything that a rebuild must give again."""
        return [line async for line in self.admin.lines()]

    async def row(self, domain: str = "(all)", site_id: str = "elm-house", week: date = MONDAY) -> dict[str, Any]:
        """The counts of one stored bucket."""
        found = await self.mongo.db["site_domain_week"].find_one({"_id": f"{PROVIDER}|{site_id}|{domain}|{week}"})
        return {} if found is None else found

    def client(
        self, *roles: Role, tenant: str = PROVIDER, sites: frozenset[str] | None = None, signed_in: bool = True
    ) -> httpx.AsyncClient:
        """A caller with these roles."""
        principal = Principal("someone", tenant, sites, frozenset(roles), datetime.now(UTC) + timedelta(hours=1))
        token = sign_token(self._private, principal, FixedClock(datetime.now(UTC)))
        headers = {"authorization": f"Bearer {token}"} if signed_in else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://reporting.test", headers=headers)


@asynccontextmanager
async def open_world(mongodb_uri: str, prefix: str, **settings: Any) -> AsyncIterator[World]:
    """A world with its collections made; closed at the end."""
    world = World(mongodb_uri, prefix, **settings)
    world.mongo.open()
    await world.admin.prepare()
    try:
        yield world
    finally:
        world.mongo.close()
