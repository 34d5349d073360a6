"""The dialogue over one report: what a reviewer and an unknown reporter did and said; no step is ever edited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

TRIAGED: Final = "triaged"
ASKED: Final = "asked"
ANSWERED: Final = "answered"
FED_BACK: Final = "fed_back"
SEEN: Final = "seen"
SUGGESTED: Final = "duplicate_suggested"
DECIDED: Final = "duplicate_decided"
RELEASED: Final = "released"
CLOSED: Final = "closed"

OUTCOMES: Final = ("acted_on", "already_fixed", "shared_with_team", "no_action_needed", "low_potential")
RELEASE_REASONS: Final = ("manager_not_involved", "reporter_agrees", "dealt_with_outside", "marked_by_mistake")
READING_REASONS: Final = ("to_understand_what_happened", "to_keep_someone_safe", "to_answer_the_reporter")
"""Preset reasons for opening an original; whoever is not of the site's management types one instead."""
LADDER: Final = ((timedelta(hours=48), "manager"), (timedelta(hours=96), "deputy"))
"""Nobody reviews for 48 h: the deputy; for another 48 h: the group."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act.

    Attributes:
        no: Its number, from 1.
        by_role: The widest role of who did it; `reporter` for whoever holds the code.
        by_subject: Opaque id of the key or link; None for the reporter, who has none.
        facts: What is published of it.
        words: What was said, sealed; None where nothing was.
    """

    no: int
    kind: str
    at: datetime
    by_role: str
    by_subject: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    words: bytes | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All steps over one report, in order."""

    report_id: str
    provider_id: str
    site_id: str
    steps: tuple[Step, ...] = ()

    def of(self, *kinds: str) -> tuple[Step, ...]:
        """Return the steps of some kinds, in order."""
        return tuple(step for step in self.steps if step.kind in kinds)

    def last(self, kind: str) -> Step | None:
        """Return the last step of a kind."""
        found = self.of(kind)
        return found[-1] if found else None

    @property
    def closed(self) -> bool:
        """Tell whether the dialogue is over."""
        return bool(self.of(CLOSED))

    def open_questions(self) -> tuple[Step, ...]:
        """Return the questions that nobody has answered."""
        answered = {step.facts.get("question_step") for step in self.of(ANSWERED)}
        return tuple(step for step in self.of(ASKED) if step.no not in answered)

    def unseen_feedback(self) -> int | None:
        """Return the number of the latest feedback that the reporter has not opened; None where there is none."""
        sent = self.last(FED_BACK)
        seen = max((step.facts["seen_step"] for step in self.of(SEEN)), default=0)
        return sent.no if sent is not None and sent.no > seen else None

    def with_step(
        self,
        kind: str,
        at: datetime,
        by_role: str,
        by_subject: str | None = None,
        facts: Mapping[str, Any] | None = None,
        words: bytes | None = None,
    ) -> Case:
        """Return the case with one more step."""
        step = Step(len(self.steps) + 1, kind, at, by_role, by_subject, dict(facts or {}), words)
        return replace(self, steps=(*self.steps, step))


def level_at(age: timedelta) -> str:
    """Return who should look at a report that nobody has reviewed for so long: manager, deputy or group."""
    return next((level for limit, level in LADDER if age < limit), "group")
