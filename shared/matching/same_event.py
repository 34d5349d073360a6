"""Scores whether two reports of one site tell of the same event, from facts and the marks of redacted words."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Final, Protocol

from shared.matching.phrases import words_of

__all__ = ["CERTAIN", "EventFacts", "Sameness", "marks_of", "same_event", "same_moment"]

REPORTED_WITHIN_DAYS: Final = 10
SAME_MINUTES: Final = 45
OTHER_MINUTES: Final = 240
THRESHOLD: Final = 0.5
CERTAIN: Final = 0.8
"""From this score of `same_moment` on nobody need be asked."""
COMMON_MIN: Final = 3
# Words that stand in so many reports that sharing them says nothing.
_PLAIN_WORDS: Final = """
    a about after again all an and any are as at back be because been before but by call called came carer carers
    check checked client could day did do does done for from found gave get given go got had has have he her him his
    home if in into is it its just left member me my near no nobody none not noticed of off ok okay on one or other our
    out over person put reported resident right room said she should so some staff still stopped tenant than that the
    their them then there they this time to told today too two up us very was we went were what when where which while
    who will with without would yet you
"""
_PLAIN: Final = frozenset(_PLAIN_WORDS.split())
_ENDINGS: Final = ("ings", "ing", "edly", "ed", "es", "s", "ly")


class EventFacts(Protocol):
    """What is compared of a report; day and occurred are day numbers."""

    day: int
    occurred: int
    occurred_minute: int | None
    domains: tuple[str, ...]
    primary: str | None
    asset: str | None
    person: str | None
    marks: frozenset[int]


@dataclass(frozen=True, slots=True)
class Sameness:
    """How much speaks for one event.

    Attributes:
        score: 0 to 1; from `THRESHOLD` on the two are taken as one event.
        reasons: What speaks for it, as codes.
    """

    score: float
    reasons: tuple[str, ...]


def marks_of(text: str) -> frozenset[int]:
    """Return hashes of a text's telling words, stripped of common endings, from which the text cannot be read.

    Args:
        text: Redacted text.
    """
    return frozenset(zlib.crc32(_stem(word).encode()) for word in words_of(text) if word not in _PLAIN)


def same_event(one: EventFacts, other: EventFacts) -> Sameness | None:
    """Say whether two reports of one site are of one event.

    The day on which it happened must be the same: the same words about another day are another event. Then what is
    rarely shared by chance must be shared: words, an asset, a person, or the minute with all labels.

    Args:
        one: A report.
        other: Another one of the same site.

    Returns:
        The score and why; None where they are taken as two events.
    """
    if one.occurred != other.occurred or abs(one.day - other.day) > REPORTED_WITHIN_DAYS:
        return None
    if _differ(one.asset, other.asset) or _differ(one.person, other.person):
        return None
    apart = _minutes_apart(one, other)
    if apart is not None and apart > OTHER_MINUTES:
        return None
    related = not one.domains or not other.domains or bool(set(one.domains) & set(other.domains))
    score, reasons = 0.15, ["same_day"]
    common = len(one.marks & other.marks)
    overlap = common / max(1, min(len(one.marks), len(other.marks)))
    if common >= COMMON_MIN and overlap >= 0.25:
        score += 0.7 * overlap
        reasons.append("same_words")
    elif one.marks and other.marks and overlap < 0.1:
        score -= 0.15
    for shared, weight, reason in (
        (one.asset is not None and one.asset == other.asset, 0.25, "same_asset"),
        (one.person is not None and one.person == other.person, 0.3, "same_person"),
        (apart is not None and apart <= SAME_MINUTES, 0.15, "same_time"),
        (one.primary is not None and one.primary == other.primary, 0.1, "same_primary_domain"),
        (bool(one.domains) and set(one.domains) == set(other.domains), 0.05, "same_domains"),
    ):
        if shared:
            score += weight
            reasons.append(reason)
    if not related:
        score -= 0.3
    return Sameness(min(1.0, score), tuple(reasons)) if score >= THRESHOLD and len(reasons) > 1 else None


def same_moment(machine: EventFacts, human: EventFacts) -> Sameness | None:
    """Say whether what a machine noted and what a person of the site told are of one moment.

    A machine knows the minute and says no words of its own, so words are not compared. Certain is only the same person
    or thing within 45 minutes; the minute alone, or the person alone on that day, is a question for somebody.

    Args:
        machine: The machine's event.
        human: The person's report.

    Returns:
        The score and why; None where nothing but the day speaks for it, or something speaks against it.
    """
    apart = _minutes_apart(machine, human)
    if machine.occurred != human.occurred or (apart is not None and apart > OTHER_MINUTES):
        return None
    if _differ(machine.asset, human.asset) or _differ(machine.person, human.person):
        return None
    score, reasons = 0.0, []
    for shared, weight, reason in (
        (machine.person is not None and machine.person == human.person, 0.5, "same_person"),
        (machine.asset is not None and machine.asset == human.asset, 0.5, "same_asset"),
        (apart is not None and apart <= SAME_MINUTES, 0.35, "same_time"),
        (machine.primary is not None and machine.primary == human.primary, 0.15, "same_primary_domain"),
    ):
        if shared:
            score += weight
            reasons.append(reason)
    return Sameness(min(1.0, score), tuple(reasons)) if score >= THRESHOLD else None


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


def _minutes_apart(one: EventFacts, other: EventFacts) -> int | None:
    if one.occurred_minute is None or other.occurred_minute is None:
        return None
    return abs(one.occurred_minute - other.occurred_minute)


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
