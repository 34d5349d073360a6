"""A card: one report is enough where it could have killed; it stays until somebody records what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.actions.domain.facts import HELD, Fact, ReportPart
from shared.kernel.errors import Conflict, Fault
from shared.kernel.ids import derived_id
from shared.taxonomy.oversight import CardRules, Rules

__all__ = ["CLEARED", "OPEN", "STATUSES", "Card", "card_id", "clear", "followed", "reason_for"]

OPEN, CLEARED = "open", "cleared"
STATUSES = (OPEN, CLEARED)
DEATH, BY_LUCK = "potential_death", "severe_by_luck"
RECORDED, WITHDRAWN, NO_LONGER = "recorded", "withdrawn", "no_longer"
LUCK = "luck"
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Card:
    """The whole state of a card; `version` goes up by one with every change.

    Attributes:
        why: potential_death or severe_by_luck.
        ended: recorded, withdrawn or no_longer; None while it is open.
        in_the_way: What now stands in the way, redacted.
        action_id: The task that does, where there is one.
    """

    card_id: str
    provider_id: str
    site_id: str
    version: int
    status: str
    report_id: str
    report_revision: int
    why: str
    potential_severity: str
    domains: tuple[str, ...]
    reported_at: datetime
    raised_at: datetime
    for_roles: tuple[str, ...]
    rule_version: str
    ended: str | None = None
    cleared_at: datetime | None = None
    cleared_by_role: str | None = None
    in_the_way: str | None = None
    action_id: str | None = None
    visibility: str = "site"


def card_id(provider_id: str, report_id: str) -> str:
    """Derive a card's id: a report has one at most.

    Args:
        provider_id: The tenant.
        report_id: The report.
    """
    return derived_id(f"card|{provider_id}|{report_id}")


def reason_for(fact: Fact, rules: CardRules) -> str | None:
    """Say why a report is a card by the labels that hold now; None where it is none, or does not count.

    Args:
        fact: What is known of the report.
        rules: Which severities make a card.
    """
    if not fact.counts:
        return None
    severity = fact.label("potential_severity")
    if severity in rules.severities:
        return DEATH
    if severity in rules.severities_by_luck and LUCK in (fact.label("how_caught") or ()):
        return BY_LUCK
    return None


def followed(card: Card | None, fact: Fact, rules: Rules, at: datetime) -> Card | None:
    """Bring a report's card up to what is known of the report.

    What somebody recorded stands: such a card opens again only where the report turns out to be worse than was read.

    Args:
        card: As it is stored; None for a report that never had one.
        fact: What is known of the report.
        rules: The rules of the day on which it was told.
        at: When a change counts from.

    Returns:
        The new state, this very one where nothing changed, or None where there is no card.
    """
    part = fact.report
    if part is None:
        return card
    why = reason_for(fact, rules.card)
    if card is None:
        return None if why is None else _raised(fact, part, why, rules, at, 1)
    if card.status == CLEARED:
        return _cleared_before(card, fact, part, why, rules, at)
    if why is None:
        ended = WITHDRAWN if part.withdrawn else NO_LONGER
        return replace(
            card, version=card.version + 1, status=CLEARED, ended=ended, cleared_at=at, cleared_by_role=SYSTEM,
            visibility=part.visibility, for_roles=_roles(part, rules.card),
        )  # fmt: skip
    now = _raised(fact, part, why, rules, card.raised_at, card.version)
    return card if now == replace(card, rule_version=now.rule_version) else replace(now, version=card.version + 1)


def _cleared_before(card: Card, fact: Fact, part: ReportPart, why: str | None, rules: Rules, at: datetime) -> Card:
    """Open a cleared card again where its reason is back or worse than was read; else let it stand."""
    if why is not None and (card.ended in (WITHDRAWN, NO_LONGER) or _worse(card.why, why)):
        return _raised(fact, part, why, rules, at, card.version + 1)
    # What was typed while the report was held stays with those who see held reports, so only hiding is followed.
    if part.visibility == HELD != card.visibility:
        return replace(card, version=card.version + 1, visibility=HELD, for_roles=_roles(part, rules.card))
    return card


def clear(card: Card, version: int, words: str, action_id: str | None, role: str, at: datetime) -> Card:
    """Record what now stands in the way.

    Args:
        card: As it is stored.
        version: As it was seen.
        words: What stands in the way, redacted, not blank.
        action_id: The task that does, where there is one.
        role: The role of who records it.
        at: When.

    Raises:
        Conflict: the card has moved on, or is cleared already.
    """
    if card.version != version or card.status != OPEN:
        fault = Fault(f"the current version is {card.version}, the status {card.status}", "version")
        raise Conflict(
            f"card {card.card_id} has moved on to version {card.version}: read it and decide again", (fault,)
        )
    return replace(
        card, version=version + 1, status=CLEARED, ended=RECORDED, cleared_at=at, cleared_by_role=role,
        in_the_way=words, action_id=action_id,
    )  # fmt: skip


def _raised(fact: Fact, part: ReportPart, why: str, rules: Rules, at: datetime, version: int) -> Card:
    return Card(
        card_id=card_id(fact.provider_id, fact.report_id),
        provider_id=fact.provider_id,
        site_id=fact.site_id,
        version=version,
        status=OPEN,
        report_id=fact.report_id,
        report_revision=part.revision,
        why=why,
        potential_severity=str(fact.label("potential_severity")),
        domains=fact.domains,
        reported_at=part.reported_at,
        raised_at=at,
        for_roles=_roles(part, rules.card),
        rule_version=rules.version,
        visibility=part.visibility,
    )


def _roles(part: ReportPart, rules: CardRules) -> tuple[str, ...]:
    return rules.for_roles_held if part.visibility == HELD else rules.for_roles


def _worse(before: str, now: str) -> bool:
    return before == BY_LUCK and now == DEATH
