"""What a changed report calls for at once: its card, who is alerted, and whether somebody is to be told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from services.actions.domain.facts import BACKFILL, Fact
from services.actions.domain.oversight import cards, notices, told
from services.actions.ports import Act, FactKey
from services.actions.ports.oversight import OversightWork
from shared.kernel.clock import london_date
from shared.taxonomy.oversight import AlertRules, Oversight, Rules

SYSTEM = "system"


async def follow(changed: Sequence[Fact], new: Collection[FactKey], work: OversightWork, oversight: Oversight) -> None:
    """Bring cards, alerts and questions up to what is known of reports; order and repeats do not matter.

    Backfill does nothing at all; replayed history makes cards and questions, dated as it was told, and alerts nobody.

    Args:
        changed: Facts of reports that changed.
        new: Those of which nothing was known before, so that there is nothing to look up.
        work: The transaction.
        oversight: The rules.
    """
    by_provider: dict[str, list[Fact]] = {}
    for fact in changed:
        if fact.report is not None and fact.report.origin != BACKFILL:
            by_provider.setdefault(fact.provider_id, []).append(fact)
    for provider_id, facts in sorted(by_provider.items()):
        ids = [fact.report_id for fact in facts if (provider_id, fact.site_id, fact.report_id) not in new]
        known_cards = await work.cards.load(provider_id, [cards.card_id(provider_id, key) for key in ids])
        known_told = await work.told.load(provider_id, [told.told_id(provider_id, key) for key in ids])
        messages = await work.notices.of_subjects(provider_id, ids)
        alert = oversight.on(london_date(work.now)).alert
        for fact in facts:
            assert fact.report is not None, "only reports that intake told of are followed"
            rules = oversight.on(london_date(fact.report.reported_at))
            card = known_cards.get(cards.card_id(provider_id, fact.report_id)) if known_cards else None
            asked = known_told.get(told.told_id(provider_id, fact.report_id)) if known_told else None
            await _card(fact, card, work, rules)
            await _told(fact, asked, work, rules)
            await _alert(fact, messages.get(fact.report_id, ()), work, alert)


async def rest_alerts(
    work: OversightWork, known: Sequence[notices.Notice], about: str, visibility: str | None, role: str, by: str
) -> None:
    """Let nobody else be woken about something that somebody has seen: what waits is settled, what was sent rests.

    Args:
        work: The transaction.
        known: The messages about the report.
        about: What was seen: escalation, card or worry.
        visibility: Only messages of this visibility; None for all.
        role: The role of who saw it.
        by: Opaque id of who saw it; empty for who holds a link.
    """
    for notice in known:
        if notice.about != about or visibility not in (None, notice.visibility):
            continue
        if notice.status == notices.WAITING:
            await work.notices.save(notices.settled(notice), Act("", role, by, work.now))
        elif notice.status == notices.SENT and notice.next_at is not None:
            await work.notices.save(notices.at_rest(notice), Act("", role, by, work.now))


async def _card(fact: Fact, card: cards.Card | None, work: OversightWork, rules: Rules) -> None:
    at, replay = _dated(fact, work.now)
    after = cards.followed(card, fact, rules, at)
    if after is not None and after is not card:
        event = "CardRaised" if after.status == cards.OPEN else "CardCleared"
        await work.cards.save(after, Act(event, SYSTEM, "", at, replay=replay))


async def _told(fact: Fact, known: told.Told | None, work: OversightWork, rules: Rules) -> None:
    at, replay = _dated(fact, work.now)
    after = told.asked(known, fact, rules)
    if after is not None and after is not known:
        await work.told.save(after, Act("PersonTold", SYSTEM, "", at, replay=replay))


async def _alert(fact: Fact, known: Sequence[notices.Notice], work: OversightWork, rules: AlertRules) -> None:
    new, settled = notices.alerts_for(fact, known, rules, work.now)
    for notice in [*([new] if new else []), *settled]:
        # Nobody is told of a message before it was sent.
        await work.notices.save(notice, Act("", SYSTEM, "", work.now))


def _dated(fact: Fact, now: datetime) -> tuple[datetime, bool]:
    """Date what the service does: replayed history counts from when it was told, all else from now."""
    assert fact.report is not None
    return (fact.report.reported_at, True) if fact.report.replay else (now, False)
