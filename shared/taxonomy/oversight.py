"""Reads the rules of what must not wait: cards, alerts, digests, and when something overdue goes to the next role."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import yaml

from shared.taxonomy.model import Taxonomy
from shared.taxonomy.rows import Row, TaxonomyError

__all__ = [
    "AlertRules",
    "CardRules",
    "DigestRules",
    "OverdueRules",
    "Oversight",
    "Rules",
    "ToldRules",
    "UnreviewedRules",
    "load_oversight",
]

ROLES = frozenset({
    "manager", "deputy", "nurse_in_charge", "on_call", "safeguarding_lead", "group_lead", "group_on_call",
})  # fmt: skip
LAST_HOUR = 23
AS_THE_PACK_SAYS = "as_the_pack_says"


@dataclass(frozen=True, slots=True)
class CardRules:
    """Which reports are cards: by potential severity alone, or where only luck stopped it; and whom they are for."""

    severities: frozenset[str]
    severities_by_luck: frozenset[str]
    for_roles: tuple[str, ...]
    for_roles_held: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertRules:
    """Whom to alert at once, and when to ask the next role.

    Attributes:
        never_for: Escalation codes that alert nobody.
        severities: Potential severities that do.
        worry: The worry (1 to 4) from which on a report does.
        steps: Roles in order; `steps_held` for reports that are held from their site.
        settle_s: Seconds that a worry waits for the labels.
        acknowledge_within_min: Minutes after which the next role is asked.
        received_within_days: Older reports alert nobody.
        attempts: Tries at the channel before the message counts as failed.
        retry_s: Seconds before the second try; doubled for each further one.
    """

    never_for: frozenset[str]
    severities: frozenset[str]
    worry: int
    steps: tuple[str, ...]
    steps_held: tuple[str, ...]
    settle_s: int
    acknowledge_within_min: int
    received_within_days: int
    attempts: int
    retry_s: int


@dataclass(frozen=True, slots=True)
class DigestRules:
    """When the digest goes out (hour of England, 0 to 23), to whom, and what of a site its group lead sees."""

    hour: int
    site_role: str
    deputy_role: str
    group_role: str
    unanswered_days: int
    shared_by_sites: int


@dataclass(frozen=True, slots=True)
class OverdueStep:
    """When something that is late goes to a role.

    Attributes:
        days: So many days after its day.
        role: Who is asked then.
        owners: Whose own it must not be: the role, by any of its names.
        if_held: Whether only where the site's register names somebody for the role.
    """

    days: int
    role: str
    owners: frozenset[str]
    if_held: bool = False


@dataclass(frozen=True, slots=True)
class DutyStep:
    """When a role is asked about a duty that nobody has answered.

    Attributes:
        hours: So long after it was asked; sooner where the duty's own time runs out before.
        at_least_h: So long people have to answer in any case.
        role: Who is asked then; None for whom the duty's pack names.
        if_held: Whether only where the site's register names somebody for the role.
    """

    hours: int
    at_least_h: int
    role: str | None
    if_held: bool = False


@dataclass(frozen=True, slots=True)
class OverdueRules:
    """Days after which something overdue is passed on, and to which role.

    Attributes:
        to_role: Who is asked last.
        action_steps: When an action past its day goes to whom.
        proposal_steps: The same for a proposal, from the day since which it and a signal about its reports are open.
        proposal_lapse_days: So long after its last news a proposal without an open signal lapses.
        occurrence_steps: The same for an occurrence of a routine, from the day on which it was counted as missed.
        occurrence_within_days: What was missed longer ago is passed on to nobody.
        duty_steps: When an unanswered duty goes to whom.
        duty_within_days: What was asked longer ago is passed on to nobody new.
        fault_days: Days for an asset out of use, past the promised day.
        told_days: Days for telling person or family, past its day.
        repeat_days: Days for a question about a repeat.
    """

    to_role: str
    action_steps: tuple[OverdueStep, ...]
    proposal_steps: tuple[OverdueStep, ...]
    proposal_lapse_days: int
    occurrence_steps: tuple[OverdueStep, ...]
    occurrence_within_days: int
    duty_steps: tuple[DutyStep, ...]
    duty_within_days: int
    fault_days: int
    told_days: int
    repeat_days: int


@dataclass(frozen=True, slots=True)
class ToldRules:
    """For which escalation codes it is asked whether person or family were told, and within how many days."""

    escalate: frozenset[str]
    due_days: int


@dataclass(frozen=True, slots=True)
class UnreviewedStep:
    """After so many hours without a review a role is reminded."""

    hours: int
    role: str


@dataclass(frozen=True, slots=True)
class UnreviewedRules:
    """Who is reminded of reports that nobody has reviewed, by their age; `role_held` of held reports at each step."""

    steps: tuple[UnreviewedStep, ...]
    role_held: str


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules from a day on."""

    version: str
    effective_from: date
    card: CardRules
    alert: AlertRules
    digest: DigestRules
    overdue: OverdueRules
    told: ToldRules
    unreviewed: UnreviewedRules


@dataclass(frozen=True, slots=True)
class Oversight:
    """All versions of the rules, oldest first."""

    versions: tuple[Rules, ...]

    def on(self, day: date) -> Rules:
        """Return the rules of a day; the oldest ones for days before all."""
        return next((rules for rules in reversed(self.versions) if rules.effective_from <= day), self.versions[0])


def load_oversight(taxonomy: Taxonomy, folder: Path | None = None) -> Oversight:
    """Read the rules.

    Args:
        taxonomy: The vocabulary that they refer to.
        folder: The folder of the YAML file; None for the one that is shipped.

    Raises:
        TaxonomyError: the file is missing or inconsistent; the message names file, line and reason.
    """
    name = "oversight.yaml"
    try:
        text = ((folder or Path(__file__).parent / "data") / name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TaxonomyError(f"{name}:1: the file is missing") from error
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None:
        raise TaxonomyError(f"{name}:1: the file is empty")
    file = Row(name, node)
    if file.text("version") != taxonomy.version:
        raise file.error(f"version {file.text('version')} differs from the taxonomy's {taxonomy.version}")
    versions = tuple(_rules(row, taxonomy) for row in file.rows("rules"))
    return Oversight(tuple(sorted(versions, key=lambda rules: rules.effective_from)))


def _rules(row: Row, taxonomy: Taxonomy) -> Rules:
    row.only(*(field.name for field in fields(Rules)))
    try:
        effective_from = date.fromisoformat(row.text("effective_from"))
    except ValueError as error:
        raise row.error("field effective_from must be a day, as 2026-11-01") from error
    severities, codes = taxonomy.severities, taxonomy.escalations
    return Rules(
        version=row.text("version"),
        effective_from=effective_from,
        card=_card(row.section("card"), severities),
        alert=_alert(row.section("alert"), severities, codes),
        digest=_digest(row.section("digest")),
        overdue=_overdue(row.section("overdue")),
        told=_told(row.section("told"), codes),
        unreviewed=_unreviewed(row.section("unreviewed")),
    )


def _card(row: Row, severities: Collection[str]) -> CardRules:
    row.only(*(field.name for field in fields(CardRules)))
    return CardRules(
        severities=frozenset(row.names("severities", severities)),
        severities_by_luck=frozenset(row.names("severities_by_luck", severities)),
        for_roles=row.names("for_roles", ROLES),
        for_roles_held=row.names("for_roles_held", ROLES),
    )


def _alert(row: Row, severities: Collection[str], codes: Collection[str]) -> AlertRules:
    row.only(*(field.name for field in fields(AlertRules)))
    return AlertRules(
        never_for=frozenset(row.names("never_for", codes)),
        severities=frozenset(row.names("severities", severities)),
        worry=row.count("worry"),
        steps=row.names("steps", ROLES),
        steps_held=row.names("steps_held", ROLES),
        settle_s=row.count("settle_s"),
        acknowledge_within_min=row.count("acknowledge_within_min"),
        received_within_days=row.count("received_within_days"),
        attempts=row.count("attempts"),
        retry_s=row.count("retry_s"),
    )


def _digest(row: Row) -> DigestRules:
    row.only(*(field.name for field in fields(DigestRules)))
    hour = row.count("hour")
    if hour > LAST_HOUR:
        raise row.error("field hour must be an hour of the day, 1 to 23")
    return DigestRules(
        hour=hour,
        site_role=row.one_of("site_role", ROLES),
        deputy_role=row.one_of("deputy_role", ROLES),
        group_role=row.one_of("group_role", ROLES),
        unanswered_days=row.count("unanswered_days"),
        shared_by_sites=row.count("shared_by_sites"),
    )


def _overdue(row: Row) -> OverdueRules:
    row.only(*(field.name for field in fields(OverdueRules)))
    to_role = row.one_of("to_role", ROLES)
    return OverdueRules(
        to_role=to_role,
        action_steps=_steps(row, "action_steps", to_role),
        proposal_steps=_steps(row, "proposal_steps", to_role),
        proposal_lapse_days=row.count("proposal_lapse_days"),
        occurrence_steps=_steps(row, "occurrence_steps", to_role),
        occurrence_within_days=row.count("occurrence_within_days"),
        duty_steps=_duty_steps(row),
        duty_within_days=row.count("duty_within_days"),
        fault_days=row.count("fault_days"),
        told_days=row.count("told_days"),
        repeat_days=row.count("repeat_days"),
    )


def _steps(row: Row, key: str, to_role: str) -> tuple[OverdueStep, ...]:
    found: list[OverdueStep] = []
    for inner in row.rows(key):
        inner.only("days", "role", "owners", "if_held")
        role, owners = inner.one_of("role", ROLES), frozenset(inner.texts("owners"))
        step = OverdueStep(inner.count("days"), role, owners, _if_held(inner))
        if found and step.days <= found[-1].days:
            raise inner.error(f"each step of {key} must come later than the one before")
        found.append(step)
    if not found or found[-1].role != to_role:
        raise row.error(f"the last step of {key} must be {to_role}, as to_role says")
    _require_each_once(row, key, [step.role for step in found])
    return tuple(found)


def _if_held(row: Row) -> bool:
    return "if_held" in row.fields and row.flag("if_held")


def _require_each_once(row: Row, key: str, roles: Sequence[str | None]) -> None:
    if len(set(roles)) < len(roles):
        raise row.error(f"each role must stand in {key} once")


def _duty_steps(row: Row) -> tuple[DutyStep, ...]:
    found: list[DutyStep] = []
    for inner in row.rows("duty_steps"):
        inner.only("hours", "at_least_h", "role", "if_held")
        role = inner.one_of("role", ROLES | {AS_THE_PACK_SAYS})
        named = None if role == AS_THE_PACK_SAYS else role
        step = DutyStep(inner.count("hours"), inner.count("at_least_h"), named, _if_held(inner))
        if step.at_least_h > step.hours:
            raise inner.error("at_least_h must not be above hours")
        if found and (step.hours <= found[-1].hours or step.at_least_h <= found[-1].at_least_h):
            raise inner.error("each step of duty_steps must come later than the one before")
        found.append(step)
    if not found or [step for step in found if step.role is None] != found[-1:]:
        raise row.error(f"the last step of duty_steps, and no other, must be {AS_THE_PACK_SAYS}")
    _require_each_once(row, "duty_steps", [step.role for step in found])
    return tuple(found)


def _told(row: Row, codes: Collection[str]) -> ToldRules:
    row.only(*(field.name for field in fields(ToldRules)))
    return ToldRules(escalate=frozenset(row.names("escalate", codes)), due_days=row.count("due_days"))


def _unreviewed(row: Row) -> UnreviewedRules:
    row.only(*(field.name for field in fields(UnreviewedRules)))
    found: list[UnreviewedStep] = []
    for inner in row.rows("steps"):
        inner.only(*(field.name for field in fields(UnreviewedStep)))
        step = UnreviewedStep(inner.count("hours"), inner.one_of("role", ROLES))
        if found and step.hours <= found[-1].hours:
            raise inner.error("each step of unreviewed must come later than the one before")
        found.append(step)
    if not found:
        raise row.error("unreviewed needs a step")
    return UnreviewedRules(tuple(found), row.one_of("role_held", ROLES))
