"""Chooses the domains of a report and the one that it is filed under, by the label guide's pairs and primary rules."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.classifier.domain.reading import Reading
from shared.taxonomy.model import Domain

_ENOUGH: Final = 2.0
_ENOUGH_BESIDE: Final = 3.0
_SHARE_OF_FIRST: Final = 0.4
_MAX_DOMAINS: Final = 4
_PROCESS_LEAD: Final = 1.0


def score_domains(reading: Reading, domains: Mapping[str, Domain]) -> dict[str, float]:
    """Add up what speaks for each domain.

    Args:
        reading: The text's reading.
        domains: The taxonomy's domains.

    Returns:
        Score by name for every domain that has any, highest first; equal scores stand in the taxonomy's order.
    """
    scores = [(name, reading.score(key)) for name in domains if (key := f"domain:{name}") in reading.hits]
    return dict(sorted(scores, key=lambda item: -item[1]))


def choose_domains(
    scores: Mapping[str, float],
    reading: Reading,
    domains: Mapping[str, Domain],
    escalate: Sequence[str],
) -> tuple[str, ...]:
    """Choose up to four domains, the primary first.

    Args:
        scores: Score by name, highest first.
        reading: The text's reading.
        domains: The taxonomy's domains.
        escalate: The escalation code.

    Returns:
        The chosen names; empty when nothing speaks for any, and for an expected death.
    """
    if "death" in escalate and reading.hits.get("cue:expected_death"):
        return ()
    best = max(scores.values(), default=0.0)
    chosen = [
        name
        for rank, (name, score) in enumerate(scores.items())
        if (score >= _ENOUGH_BESIDE and score >= _SHARE_OF_FIRST * best) or (rank == 0 and score >= 1)
    ]
    _add_pairs(chosen, reading, escalate)
    if not chosen:
        return ()
    primary = _primary(chosen, scores, reading, domains, escalate)
    rest = sorted((name for name in chosen if name != primary), key=lambda name: -scores.get(name, 0.0))
    return (primary, *rest[: _MAX_DOMAINS - 1])


def _add_pairs(chosen: list[str], reading: Reading, escalate: Sequence[str]) -> None:
    """Add and remove what the guide's fixed pairs say."""

    def add(name: str) -> None:
        if name not in chosen:
            chosen.append(name)

    if "fire_safety" in chosen and reading.hits.get("cue:fire_and_environment"):
        add("environment")
    if "visits_scheduling" in chosen and reading.hits.get("cue:stored_data_wrong"):
        add("records_data")
    if "safeguarding" in escalate:
        add("safeguarding")
        if reading.hits.get("cue:card_or_pin"):
            add("finance_property")
    if "missing_person" in escalate:
        add("security_missing_person")
    if "police" in escalate and "finance_property" in chosen and "safeguarding" in chosen:
        chosen.remove("safeguarding")


def _primary(
    chosen: Sequence[str],
    scores: Mapping[str, float],
    reading: Reading,
    domains: Mapping[str, Domain],
    escalate: Sequence[str],
) -> str:
    """Apply the guide's primary rules in its order, and the scores where none of them decides."""
    if "safeguarding" in escalate:
        return "safeguarding"
    if "missing_person" in escalate:
        return "security_missing_person"
    return _by_pair(chosen, scores, reading) or _by_score(chosen, scores, domains)


def _by_pair(chosen: Sequence[str], scores: Mapping[str, float], reading: Reading) -> str | None:
    """Fire before building; a defect before the stumble that it caused; a stumble before a passing cause."""
    if "fire_safety" in chosen and scores.get("fire_safety", 0.0) >= scores.get("environment", 0.0):
        return "fire_safety"
    defect = reading.hits.get("factor:maintenance_lapse")
    if defect and "equipment" in chosen and ("falls_mobility" in chosen or "moving_handling" in chosen):
        return "equipment"
    if "falls_mobility" in chosen and "environment" in chosen and scores.get("falls_mobility", 0.0) >= _ENOUGH:
        return "environment" if defect else "falls_mobility"
    return None


def _by_score(chosen: Sequence[str], scores: Mapping[str, float], domains: Mapping[str, Domain]) -> str:
    """The best domain of care, unless a way in which information failed has plainly more to show."""
    best = max(chosen, key=lambda name: scores.get(name, 0.0))
    care = [name for name in chosen if not domains[name].process]
    if not care:
        return best
    first = max(care, key=lambda name: scores.get(name, 0.0))
    return best if scores.get(best, 0.0) >= scores.get(first, 0.0) + _PROCESS_LEAD else first
