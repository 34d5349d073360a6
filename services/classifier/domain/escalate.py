"""Decides whether the event completed and who must see it; a missed escalation is the worst error."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from services.classifier.domain.classification import Answers
from services.classifier.domain.reading import Reading
from shared.taxonomy.event_class import REACHED_SOMEONE
from shared.taxonomy.model import EscalationRule, Taxonomy

_INJURY: Final = "harm.injury"
_GUESSED: Final = ("harm.reached_unless_stopped",)
_STILL_NEAR_MISS: Final = frozenset(["safeguarding", "riddor"])
_NEAR_MISS_RULES: Final = frozenset(
    ["safeguarding.restraint", "safeguarding.falsified_care", "safeguarding.exploitation"]
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the event.

    Attributes:
        is_near_miss: Whether it was stopped.
        escalate: At most one code.
        prompts: Ids of the rules that fired, the most serious first.
        injured: Whether an injury is told.
        doubtful: Whether words say both that it reached someone and that it was stopped.
        stop_shown: Whether any words say that it was stopped.
        contradicted: Whether the reporter says that what the words suggest did not happen.
    """

    is_near_miss: bool
    escalate: tuple[str, ...]
    prompts: tuple[str, ...]
    injured: bool
    doubtful: bool
    stop_shown: bool
    contradicted: bool = False

    def with_answers(self, answers: Answers) -> "Outcome":
        """Let the reporter's answers outrank the words.

        Args:
            answers: The form's answers.

        Returns:
            The outcome that holds. An answer never removes a code that a statutory or senior role must see.
        """
        reached = True if answers.injured else answers.reached_person
        injured = self.injured if answers.injured is None else answers.injured
        if reached is True and not self.escalate:
            return replace(self, is_near_miss=False, escalate=(REACHED_SOMEONE,), injured=injured, doubtful=False)
        if reached is False and self.escalate == (REACHED_SOMEONE,):
            return replace(self, is_near_miss=True, escalate=(), injured=False, contradicted=True)
        return replace(self, injured=injured, doubtful=self.doubtful and reached is None)


def decide_outcome(reading: Reading, taxonomy: Taxonomy) -> Outcome:
    """Decide by the escalation rules in the order of their codes.

    A rule of a statutory or senior code stands whenever it fires. A rule for a completed event yields to words of its
    own weight or more that say that the act was stopped; a fall, an injury, treatment and a fire yield to nothing.

    Args:
        reading: The text's reading.
        taxonomy: The rules and their codes.

    Returns:
        The outcome; a text in which no rule fires is a near miss here.
    """
    stopped = reading.strongest("cue:stopped")
    fired: list[EscalationRule] = []
    doubtful = False
    for rule in taxonomy.escalation_rules:
        weight = reading.strongest(f"rule:{rule.id}")
        if not weight:
            continue
        if rule.code == REACHED_SOMEONE and weight <= stopped:
            doubtful = doubtful or rule.id not in _GUESSED
            continue
        fired.append(rule)
    prompts = tuple(rule.id for rule in fired)
    code = fired[0].code if fired else None
    return Outcome(
        is_near_miss=code is None or (code in _STILL_NEAR_MISS and _stays_near_miss(code, prompts, reading)),
        escalate=() if code is None else (code,),
        prompts=prompts,
        injured=_INJURY in prompts,
        doubtful=doubtful or prompts == _GUESSED,
        stop_shown=stopped > 0,
    )


def _stays_near_miss(code: str, prompts: Sequence[str], reading: Reading) -> bool:
    """Near misses of two kinds are escalated all the same: lifting gear that failed, and wrongs that were stopped."""
    if code == "riddor":
        return (
            "riddor.lifting_equipment" in prompts
            and not any(rule.startswith("harm.") for rule in prompts)
            and not any(rule in prompts for rule in ("riddor.worker_injury", "riddor.blood_exposure"))
        )
    wrongs = [rule for rule in prompts if rule.startswith("safeguarding.")]
    return all(rule in _NEAR_MISS_RULES for rule in wrongs) and (
        wrongs == ["safeguarding.falsified_care"] or bool(reading.hits.get("cue:safeguarding_stopped"))
    )
