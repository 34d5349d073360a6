"""What became of a report, as its reporter may be told: classified when, and the state of each action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Classified:
    """The report was tagged."""

    report_id: str
    provider_id: str
    site_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ActionState:
    """An action that names the report, in one of its versions."""

    report_id: str
    provider_id: str
    site_id: str
    action_id: str
    version: int
    status: str
    title: str
    completed_at: datetime | None


def take_in(known: Mapping[str, Any] | None, fact: Classified | ActionState) -> dict[str, Any]:
    """Take one more fact into what is known; order of arrival and repeats do not matter.

    Args:
        known: What `take_in` returned before; None at the first fact. It is not changed.
        fact: The earliest classification holds; of an action the highest version.

    Returns:
        `provider_id`, `site_id`, `classified_at` and `actions` by id.
    """
    state: dict[str, Any] = {
        "provider_id": fact.provider_id,
        "site_id": fact.site_id,
        "classified_at": known["classified_at"] if known else None,
        "actions": dict(known["actions"]) if known else {},
    }
    if isinstance(fact, Classified):
        earlier = state["classified_at"]
        state["classified_at"] = fact.at if earlier is None else min(earlier, fact.at)
        return state
    held = state["actions"].get(fact.action_id)
    if held is None or fact.version > held["version"]:
        state["actions"][fact.action_id] = {
            "version": fact.version,
            "status": fact.status,
            "title": fact.title,
            "completed_at": fact.completed_at,
        }
    return state
