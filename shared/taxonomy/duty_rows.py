"""Reads the rules of a duty pack from their rows, checking what they refer to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, cast

from shared.taxonomy.duties import (
    BASES,
    ROUTES,
    Base,
    ClockRule,
    CouncilRule,
    DutyRule,
    FollowUpRule,
    LabelCondition,
    Route,
    Trigger,
    YesNo,
)
from shared.taxonomy.model import Taxonomy
from shared.taxonomy.rows import Row

_YES_NO: Final = ("yes", "no")
_WORD_MAX_CHARS: Final = 64
_CLOCK_FIELDS: Final = ("base", "within", "limit_hours", "limit_days", "limit_from")
_LABELS: Final = ("escalate", "domains", "disruptions", "severities", "classes")
_RULE_FIELDS: Final = (
    "id", "route", "recipient", "question", "holds_if", "why", "advice", "wording", "source", "legal", "own_target",
    "follow_ups", "asks_council", "trigger", "effective_from", "effective_to",
)  # fmt: skip
_COUNCIL_FIELDS: Final = (
    "amends", "recipient", "question", "advice", "wording", "source", "legal", "effective_from", "effective_to",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a pack says.

    Attributes:
        pack: Its name, which is the file's.
        version: Its version.
        unanswered_to: The role that is asked last where nobody answers; empty in a council's pack, which amends others.
    """

    pack: str
    version: str
    unanswered_to: str = ""


def duty_rule(row: Row, head: Head, taxonomy: Taxonomy) -> DutyRule:
    """Read one rule.

    Args:
        row: Its row.
        head: The pack.
        taxonomy: The words that it may refer to.

    Returns:
        The rule.

    Raises:
        TaxonomyError: a field is missing, unknown, contradicts another or refers to what does not exist.
    """
    row.only(*_RULE_FIELDS)
    legal = clock(row.section("legal"))
    own = clock(row.section("own_target")) if "own_target" in row.fields else None
    if own is not None and "our own target" not in own.within:
        raise row.error("own_target must say that it is our own target", row.place("own_target"))
    first, last = dates(row)
    return DutyRule(
        id=_name(row, "id"),
        pack=head.pack,
        pack_version=head.version,
        unanswered_to=head.unanswered_to,
        route=cast(Route, row.one_of("route", ROUTES)),
        recipient=row.text("recipient"),
        question=_question(row, "question"),
        holds_if=cast(YesNo, row.one_of("holds_if", _YES_NO)) if "holds_if" in row.fields else "yes",
        why=row.text("why"),
        advice=row.texts("advice"),
        wording=row.text("wording"),
        source=row.text("source"),
        legal=legal,
        own_target=own,
        follow_ups=_follow_ups(row),
        asks_council=row.flag("asks_council") if "asks_council" in row.fields else False,
        trigger=_trigger(row.section("trigger"), taxonomy),
        effective_from=first,
        effective_to=last,
    )


def council_rule(row: Row, head: Head, council: str, rules: Mapping[str, DutyRule]) -> CouncilRule:
    """Read how a council's procedure differs from one rule.

    Args:
        row: Its row.
        head: The pack.
        council: The council's name.
        rules: The rules of the default packs by id.

    Returns:
        The council's rule.

    Raises:
        TaxonomyError: a field is missing or unknown, or the rule that it amends does not exist or asks no council.
    """
    row.only(*_COUNCIL_FIELDS)
    amends = row.one_of("amends", rules)
    if not rules[amends].asks_council:
        raise row.error(f"amends {amends!r}, which does not go to a council", row.place("amends"))
    first, last = dates(row)
    return CouncilRule(
        council=council,
        pack=head.pack,
        pack_version=head.version,
        amends=amends,
        recipient=row.text("recipient"),
        question=_question(row, "question") if "question" in row.fields else None,
        advice=row.texts("advice"),
        wording=row.text("wording"),
        source=row.text("source"),
        legal=clock(row.section("legal")) if "legal" in row.fields else None,
        effective_from=first,
        effective_to=last,
    )


def clock(row: Row) -> ClockRule:
    """Read a clock; its limit stands in hours or in days, or nowhere.

    Raises:
        TaxonomyError: the base is unknown, or a limit contradicts the rest.
    """
    row.only(*_CLOCK_FIELDS)
    if "limit_hours" in row.fields and "limit_days" in row.fields:
        raise row.error("a limit stands in hours or in days, not in both", row.place("limit_days"))
    hours = row.count("limit_hours") if "limit_hours" in row.fields else None
    if "limit_days" in row.fields:
        hours = 24 * row.count("limit_days")
    if "limit_from" in row.fields and hours is None:
        raise row.error("limit_from needs a limit", row.place("limit_from"))
    return ClockRule(
        base=cast(Base, row.one_of("base", BASES)),
        within=row.text("within"),
        limit_hours=hours,
        limit_from=cast(Base, row.one_of("limit_from", BASES)) if "limit_from" in row.fields else None,
    )


def dates(row: Row) -> tuple[date, date | None]:
    """Read from when to when a rule was in force.

    Raises:
        TaxonomyError: a date is missing or none, or the last day lies before the first.
    """
    first = _day(row, "effective_from")
    last = _day(row, "effective_to") if row.text_or_none("effective_to") else None
    if last is not None and last < first:
        raise row.error("effective_to lies before effective_from", row.place("effective_to"))
    return first, last


def _day(row: Row, key: str) -> date:
    text = row.text(key)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise row.error(f"{key} {text!r} is no day (YYYY-MM-DD)", row.place(key)) from None


def _name(row: Row, key: str) -> str:
    name = row.text(key)
    if len(name) > _WORD_MAX_CHARS or not name.replace("-", "a").isalnum() or not name.islower():
        raise row.error(f"{key} {name!r} must be small letters, digits and dashes, at most {_WORD_MAX_CHARS}")
    return name


def _question(row: Row, key: str) -> str:
    text = row.text(key)
    if not text.endswith("?"):
        raise row.error(f"{key} must be a question: a duty is asked, never found", row.place(key))
    return text


def _follow_ups(row: Row) -> tuple[FollowUpRule, ...]:
    if "follow_ups" not in row.fields:
        return ()
    found: dict[str, FollowUpRule] = {}
    for inner in row.rows("follow_ups"):
        inner.only("id", "question", "days_after", "base", "holds_if")
        name = _name(inner, "id")
        if name in found:
            raise inner.error(f"follow-up {name!r} stands here twice")
        found[name] = FollowUpRule(
            id=name,
            question=_question(inner, "question"),
            days_after=inner.count("days_after"),
            base=cast(Base, inner.one_of("base", ("occurred", "first_known"))),
            holds_if=cast(YesNo, inner.one_of("holds_if", _YES_NO)) if "holds_if" in inner.fields else None,
        )
    return tuple(found.values())


def _trigger(row: Row, taxonomy: Taxonomy) -> Trigger:
    row.only("patterns", "rules", "words_of", "unless", "labels", "signs", "settings", "over_hours")
    rules = {rule.id for rule in taxonomy.escalation_rules}
    trigger = Trigger(
        patterns=row.patterns("patterns"),
        rules=row.names("rules", rules) if "rules" in row.fields else (),
        words_of=row.texts("words_of"),
        unless=row.patterns("unless"),
        labels=tuple(_labels(inner, taxonomy) for inner in row.rows("labels")) if "labels" in row.fields else (),
        signs=row.patterns("signs"),
        settings=row.names("settings", taxonomy.settings) if "settings" in row.fields else (),
        over_hours=row.count("over_hours") if "over_hours" in row.fields else None,
    )
    if not (trigger.patterns or trigger.rules or trigger.words_of or trigger.labels):
        raise row.error("a trigger without words and labels can never fire")
    return trigger


def _labels(row: Row, taxonomy: Taxonomy) -> LabelCondition:
    row.only(*_LABELS)
    known: Mapping[str, Collection[str]] = {
        "escalate": taxonomy.escalations,
        "domains": taxonomy.domains,
        "disruptions": taxonomy.disruption_kinds,
        "severities": taxonomy.severities,
        "classes": taxonomy.event_classes,
    }
    found = {name: row.names(name, words) for name, words in known.items() if name in row.fields}
    if not any(words for name, words in found.items() if name != "classes"):
        raise row.error("a condition that asks for nothing but a class fits too many reports")
    return LabelCondition(**found)
