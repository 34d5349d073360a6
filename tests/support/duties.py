"""Reports with the duties that their words and labels bring up, sites with councils, callers who can be told apart."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

from shared.contracts.classifier import Classification, Prompt, ReportClassified
from shared.contracts.envelope import Event
from shared.contracts.intake import ReportAmended, ReportWithdrawn, Site, SiteChanged, SiteRegistered, SiteVersion
from shared.kernel.clock import SystemClock
from shared.kernel.ids import event_id
from shared.kernel.principal import Principal, Role
from shared.runtime.auth import sign_token
from shared.taxonomy.duty_loader import load_duties
from shared.taxonomy.duty_prompts import DutyPrompts
from shared.taxonomy.loader import load_taxonomy
from tests.support.actions import MONDAY, PRIVATE_PEM, RECORDED, corrected, report

TAXONOMY = load_taxonomy()
PROMPTS = DutyPrompts(load_duties(TAXONOMY), TAXONOMY)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
THEFT = "Forty pounds has been taken from Ivy's purse, the night carer was the only one in her room."
DEATH = "She passed away peacefully this morning with her family there."
NORTHSHIRE, VALEFORD = "Northshire County Council", "Valeford City Council"


def prompted(number: str, text: str, escalate: str = "", revision: int = 1, **head: Any) -> Event:
    """What the classifier says of a text, with the prompts of the packs."""
    labels = {"escalate": (escalate,) if escalate else ()}
    prompts = PROMPTS.prompts_for(text, labels, head.pop("setting", "residential"))
    return ReportClassified(
        event_id=event_id("ReportClassified", number, revision, "m1"),
        **{"provider_id": "p", "site_id": "s", "recorded_at": RECORDED, **head},
        report_received_at=RECORDED,
        classification=Classification(
            report_id=number,
            report_revision=revision,
            decision_no=0,
            is_near_miss=False,
            domains=(),
            primary_domain=None,
            contributory_factors=(),
            potential_severity="moderate",
            how_caught=(),
            escalate=labels["escalate"],
            event_class="ESCALATED" if escalate else "NEAR_MISS",
            prompts=tuple(Prompt(rule=rule, why=why) for rule, why in prompts),
            taxonomy_version="2026.11",
            model_version="m1",
        ),
    )


def told(number: str, text: str, escalate: str = "", **changes: Any) -> list[Event]:
    """A report with what the classifier says of it."""
    head = {name: changes[name] for name in ("provider_id", "site_id") if name in changes}
    setting = changes.get("setting", "residential")
    return [report(number, MONDAY, **changes), prompted(number, text, escalate, setting=setting, **head)]


def site_with(*councils: str, site_id: str = "s", revision: int = 1) -> Event:
    """A site and its councils."""
    version = SiteVersion(effective_from=date(2020, 1, 1), name="Elm House", setting="residential", councils=councils)
    site = Site(site_id=site_id, revision=revision, opened_on=date(2020, 1, 1), history=(version,))
    kind = SiteRegistered if revision == 1 else SiteChanged
    return kind(
        event_id=event_id(kind.__name__, site_id, revision),
        provider_id="p",
        site_id=site_id,
        recorded_at=RECORDED,
        site=site,
    )


def client(house, subject: str, *roles: Role, sites: list[str] | None = None) -> httpx.AsyncClient:
    """A caller who can be told from another."""
    reach = None if sites is None else frozenset(sites)
    who = Principal(subject, "p", reach, frozenset(roles), datetime(2099, 1, 1, tzinfo=UTC))
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app),
        base_url="http://actions",
        headers={"Authorization": f"Bearer {sign_token(PRIVATE_PEM, who, SystemClock())}"},
    )


async def by_rule(caller: httpx.AsyncClient, **asked: str) -> dict[str, dict[str, Any]]:
    answer = await caller.get("/v1/duties", params=asked)
    assert answer.status_code == 200, answer.text
    return {duty["rule"]: duty for duty in answer.json()["duties"]}


def everything() -> list[Event]:
    """Reports amended, withdrawn, held, corrected and backfilled, at a site that gets a second council."""
    moved = {"occurred_at": NOON - timedelta(days=2), "occurred_precision": "minute"}
    return [
        site_with(NORTHSHIRE),
        site_with(NORTHSHIRE, VALEFORD, revision=2),
        *told("a", THEFT, "police"),
        report("a", MONDAY, ReportAmended, 2, **moved),
        prompted("a", f"{THEFT} She was taken to A&E.", "police", revision=2),
        *told("w", f"{DEATH} Carer off work since the fall two weeks ago with her back.", "death"),
        report("w", MONDAY, ReportWithdrawn, 2),
        *told("h", "A carer slapped her hand.", "safeguarding"),
        report("h", MONDAY, ReportAmended, 2, visibility="held"),
        report("c", MONDAY),
        corrected("c", 1, escalate=["police"], event_class="ESCALATED"),
        corrected("c", 2, escalate=["safeguarding"], event_class="ESCALATED"),
        *told("b", DEATH, "death", origin="backfill"),
    ]


def without_versions(duty: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in duty.items() if name not in ("version", "tick", "advised_at", "sort_at")}
