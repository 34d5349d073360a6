"""Names the escalation rules that fire in a text: advice for people; the label is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from services.classifier.domain.reading import Reading
from shared.taxonomy.duties import DutyPacks
from shared.taxonomy.event_class import REACHED_SOMEONE
from shared.taxonomy.model import EscalationRule, Taxonomy


def whys(taxonomy: Taxonomy, packs: DutyPacks) -> dict[str, str]:
    """Say what a person reads beside each prompt, by the rule's id: escalation rules and rules of duties.

    Args:
        taxonomy: The escalation rules.
        packs: The rules of duties.
    """
    duties = {rule.id: rule.why for rule in reversed(packs.rules)}
    return duties | {rule.id: rule.why for rule in taxonomy.escalation_rules}


def rules_by_key(taxonomy: Taxonomy) -> dict[str, EscalationRule]:
    """List the escalation rules by the key of their hits, in the order of their codes."""
    return {f"rule:{rule.id}": rule for rule in taxonomy.escalation_rules}


def rules_fired(reading: Reading, rules: Mapping[str, EscalationRule]) -> tuple[EscalationRule, ...]:
    """List the escalation rules that fire.

    A rule of a statutory or senior code stands whenever it fires. A rule for a completed event yields to words of its
    own weight or more that say that the act was stopped.

    Args:
        reading: The text's reading.
        rules: The rules by key, in the order of their codes.

    Returns:
        The rules in the order of their codes, the most serious first.
    """
    keys = rules.keys() & reading.hits.keys()
    if not keys:
        return ()
    stopped = reading.strongest("cue:stopped")
    return tuple(
        [
            rule
            for key, rule in rules.items()
            if key in keys and (rule.code != REACHED_SOMEONE or reading.strongest(key) > stopped)
        ]
    )
