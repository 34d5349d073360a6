"""Says how sure the rules are, which words led to a label, and why a person should look."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.classifier.domain.classification import Offsets
from services.classifier.domain.escalate import Outcome
from services.classifier.domain.reading import Reading
from shared.taxonomy.event_class import REACHED_SOMEONE
from shared.taxonomy.model import Taxonomy

_PLAIN: Final = 3.0
_FAMILIES: Final = {
    "domains": "domain",
    "contributory_factors": "factor",
    "how_caught": "caught",
    "potential_severity": "severity",
    "disruption_kind": "disruption",
}

Labels = Mapping[str, Sequence[str]]


def confidence_of(
    labels: Labels, scores: Mapping[str, float], reading: Reading, *, doubtful: bool
) -> Mapping[str, float | Mapping[str, float]]:
    """Score how sure each label is.

    The scores order labels within one version of the rules. They are not calibrated and are no probabilities.

    Args:
        labels: Chosen labels by field.
        scores: Domain scores, highest first.
        reading: The text's reading.
        doubtful: Whether words speak for and against a completed event.

    Returns:
        By field: a number from 0 to 1 for `primary_domain` and `is_near_miss`, by label for all other fields.
    """
    confidence: dict[str, float | Mapping[str, float]] = {"is_near_miss": 0.5 if doubtful else 0.8}
    domains = labels.get("domains", ())
    if domains:
        first = scores.get(domains[0], 0.0)
        second = max((score for name, score in scores.items() if name != domains[0]), default=0.0)
        confidence["primary_domain"] = round(first / (first + second + 1.0), 3)
        confidence["domains"] = {name: _squash(scores.get(name, 0.0)) for name in domains}
    for field, names in labels.items():
        if field != "domains" and names:
            family = _FAMILIES.get(field)
            confidence[field] = {name: _squash(reading.score(f"{family}:{name}")) if family else 0.8 for name in names}
    return confidence


def evidence_of(labels: Labels, reading: Reading, taxonomy: Taxonomy) -> Mapping[str, Offsets]:
    """Show the words that led to each label.

    Args:
        labels: Chosen labels by field.
        reading: The text's reading.
        taxonomy: The escalation rules.

    Returns:
        Offsets in the text by `<field>.<label>`; a label that follows from no word is absent.
    """
    evidence: dict[str, Offsets] = {}
    for field, family in _FAMILIES.items():
        for name in labels.get(field, ()):
            if offsets := reading.offsets(f"{family}:{name}"):
                evidence[f"{field}.{name}"] = offsets
    for code in labels.get("escalate", ()):
        offsets = tuple(
            sorted(
                {
                    span
                    for rule in taxonomy.escalation_rules
                    if rule.code == code
                    for span in reading.offsets(f"rule:{rule.id}")
                }
            )
        )
        if offsets:
            evidence[f"escalate.{code}"] = offsets
    return evidence


def review_reason(  # noqa: PLR0911 - one return for each reason
    outcome: Outcome,
    scores: Mapping[str, float],
    domains: Sequence[str],
    taxonomy: Taxonomy,
    *,
    act_under_way: bool | None,
) -> str | None:
    """Say why a person should look at a decided report.

    Args:
        outcome: What became of the event.
        scores: Domain scores.
        domains: The chosen domains.
        taxonomy: The titles of the escalation codes.
        act_under_way: Whether an act of care was under way.

    Returns:
        The reason in words for a person, or None.
    """
    if outcome.contradicted:
        return "The words suggest that it reached someone; the reporter says that it did not."
    code = outcome.escalate[0] if outcome.escalate else None
    if code and code != REACHED_SOMEONE:
        return f"Somebody with a statutory or senior role may have to see it: {taxonomy.escalations[code].title}."
    if outcome.doubtful:
        return "The words say both that it was stopped and that it reached someone."
    if not domains:
        return "The words do not show which domain it belongs to."
    if scores.get(domains[0], 0.0) < _PLAIN:
        return "Little in the words speaks for the domain."
    if outcome.is_near_miss and act_under_way and not outcome.stop_shown:
        return "The words do not say what stopped it."
    return None


def _squash(score: float) -> float:
    return round(score / (score + 2.0), 3)
