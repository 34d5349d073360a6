"""What became of a report, as read from the log: its labels, its duties, and each action with its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake.domain.holds import DUTY_OPEN
from shared.taxonomy.precedence import Fact, effective, merge


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


@dataclass(frozen=True, slots=True)
class Labelled:
    """A model's or a person's word on what the report is about."""

    provider_id: str
    site_id: str
    report_id: str
    fact: Fact
    review_reason: str | None = None


@dataclass(frozen=True, slots=True)
class DutyState:
    """A duty that may follow from the report, in one of its versions."""

    provider_id: str
    site_id: str
    report_id: str
    duty_id: str
    version: int
    status: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Whether an action worked: the verdict that holds as of a version."""

    provider_id: str
    action_id: str
    version: int
    verdict: str
    on: str


def labels_key(provider_id: str, site_id: str, report_id: str) -> str:
    """Return where a report's labels are kept: a word that names another site's report touches nothing."""
    return f"{provider_id}|{site_id}|{report_id}"


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


def take_label(known: Mapping[str, Any] | None, fact: Labelled | DutyState) -> dict[str, Any]:
    """Take one more label or duty into what is known; order of arrival and repeats do not matter.

    Args:
        known: What `take_label` returned before; None at the first fact. It is not changed.
        fact: Labels merge by the taxonomy's precedence; of a duty the highest version holds.

    Returns:
        `labels` (the precedence's state, or None), `duties` by id, and `review_reason` of the latest model's word.
    """
    state: dict[str, Any] = {
        "labels": known["labels"] if known else None,
        "duties": dict(known["duties"]) if known else {},
        "review": known["review"] if known else None,
    }
    if isinstance(fact, DutyState):
        held = state["duties"].get(fact.duty_id)
        if held is None or fact.version > held["version"]:
            state["duties"][fact.duty_id] = {"version": fact.version, "status": fact.status}
        return state
    state["labels"] = merge(state["labels"], fact.fact)
    if fact.fact.source == "model":
        rank = [fact.fact.report_revision, fact.fact.decision_no, fact.fact.model_version or ""]
        if state["review"] is None or rank > state["review"]["rank"]:
            state["review"] = {"rank": rank, "reason": fact.review_reason}
    return state


@dataclass(frozen=True, slots=True)
class Labels:
    """A report's labels as they hold now.

    Attributes:
        values: Field to value.
        corrected: Whether a person decided any of them.
        open_duties: Number of duties that may still have to be done.
        review_reason: Why the model was not sure, as a code; None where it was.
    """

    values: Mapping[str, Any]
    corrected: bool = False
    open_duties: int = 0
    review_reason: str | None = None

    @property
    def known(self) -> bool:
        """Tell whether anything was said of the report yet."""
        return bool(self.values)

    @property
    def escalate(self) -> tuple[str, ...]:
        """Return the codes for which somebody must decide."""
        return tuple(self.values.get("escalate") or ())

    @property
    def severity(self) -> str | None:
        """Return how bad it could have been."""
        return self.values.get("potential_severity")


def labels_of(state: Mapping[str, Any] | None) -> Labels:
    """Read what `take_label` made; nothing known where it is None."""
    if state is None:
        return Labels({})
    merged = state["labels"]
    open_duties = sum(duty["status"] in DUTY_OPEN for duty in state["duties"].values())
    reason = state["review"]["reason"] if state["review"] else None
    if merged is None:
        return Labels({}, open_duties=open_duties)
    return Labels(effective(merged), merged["corrected"], open_duties, reason)
