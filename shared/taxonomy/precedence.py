"""The one merge of classification facts that every reader uses; nothing about how a fact was made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

FIELDS: Final[tuple[str, ...]] = (
    "is_near_miss",
    "escalate",
    "event_class",
    "domains",
    "primary_domain",
    "contributory_factors",
    "potential_severity",
    "how_caught",
    "disruption_kind",
    "assets",
)

Source = Literal["human", "model"]
Rank = tuple[bool, int, int, str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement about a report's labels, by a person or by a model.

    Attributes:
        source: Who said it; imported coding counts as human.
        report_revision: The revision of the report that was read, 1 or more.
        decision_no: The number of the decision on this report, 0 or more; for a model its generation.
        fields: The labels that are stated. A correction carries only those that it changes; a name outside FIELDS is
            left out by the merge, so that a newer producer does no harm.
        model_version: The model that said it; None for a person.
    """

    source: Source
    report_revision: int
    decision_no: int
    fields: Mapping[str, Any]
    model_version: str | None = None


def merge(state: Mapping[str, Any] | None, fact: Fact) -> dict[str, Any]:
    """Take one more fact into what is known of a report's labels.

    The order of arrival and repeats do not matter: per field a human stands over a model, then the higher report
    revision, then the higher decision number. Facts that are equal in all three are set in a fixed order by model
    version and by the value's canonical JSON, so that all readers agree.

    Args:
        state: What `merge` returned before, or None at the first fact. It is not changed.
        fact: The fact to take in.

    Returns:
        A new plain dict: `fields` (name to value, source, report_revision, decision_no, model_version),
        `latest_revision` (the highest revision seen) and `corrected` (whether a human decided any field).
    """
    who = {
        "source": fact.source,
        "report_revision": fact.report_revision,
        "decision_no": fact.decision_no,
        "model_version": fact.model_version,
    }
    said = {name: {"value": _plain(fact.fields[name]), **who} for name in FIELDS if name in fact.fields}
    known: dict[str, Any] = state["fields"] if state else {}
    if known:
        stands = {name for name in said if name in known and _rank(said[name]) <= _rank(known[name])}
        both = known | {name: entry for name, entry in said.items() if name not in stands}
        said = {name: both[name] for name in FIELDS if name in both}
    return {
        "fields": said,
        "latest_revision": max(fact.report_revision, state["latest_revision"] if state else 0),
        "corrected": any(entry["source"] == "human" for entry in said.values()),
    }


def effective(state: Mapping[str, Any]) -> dict[str, Any]:
    """Read the labels that hold now.

    Args:
        state: What `merge` returned.

    Returns:
        Field name to value, in the order of FIELDS, for those fields that some fact has stated.
    """
    return {name: entry["value"] for name, entry in state["fields"].items()}


def needs_review(state: Mapping[str, Any]) -> bool:
    """Tell whether a person's label was given before the report's words last changed.

    Args:
        state: What `merge` returned.

    Returns:
        True when any field decided by a human is from a revision below the latest one seen.
    """
    latest: int = state["latest_revision"]
    return any(entry["source"] == "human" and entry["report_revision"] < latest for entry in state["fields"].values())


def _plain(value: Any) -> Any:
    """Turn tuples into lists, so that a state from memory equals the same state read from a store."""
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _rank(entry: Mapping[str, Any]) -> Rank:
    return (
        entry["source"] == "human",
        entry["report_revision"],
        entry["decision_no"],
        entry["model_version"] or "",
        json.dumps(entry["value"], sort_keys=True, separators=(",", ":"), ensure_ascii=False),
    )
