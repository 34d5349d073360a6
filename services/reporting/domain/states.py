"""Signals, actions, duties, verdicts, routines and lessons as their owner last stated them; reporting shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.reporting.domain.facts import HELD

SIGNAL, ACTION, DUTY = "signals", "actions", "duties"
EVALUATION, ROUTINE, OCCURRENCE, PROGRAMME = "evaluations", "routines", "occurrences", "programmes"
CARD, REPEAT, REBASE, FAULT, TOLD = "cards", "repeats", "rebases", "faults", "told"
LEARNING, RECEIPT, HUDDLE, MEETING = "learning", "receipts", "huddles", "meetings"
KINDS = (
    *(SIGNAL, ACTION, DUTY, EVALUATION, ROUTINE, OCCURRENCE, PROGRAMME, CARD, REPEAT, REBASE, FAULT, TOLD),
    *(LEARNING, RECEIPT, HUDDLE, MEETING),
)
"""What is kept as it was last stated; each kind lies in a collection of its name."""
PULSE = "pulses"
COUNTED_ALONE = (PULSE,)
"""Kept like the others and only ever counted: one answer of one day could point to who gave it."""
PROVIDER_WIDE = "(provider)"
"""Stands for the site of what concerns no single one."""
SETTLED = frozenset(
    {"closed", "dismissed", "declined", "lapsed", "completed", "verified", "done", "does_not_hold"}
    | {"cleared", "answered", "in_use", "told", "not_needed", "missed", "withdrawn", "acted_on", "ended", "stated"}
)
"""Words of a state that asks nothing of anybody any more; an unknown word counts as open, so that it is seen."""
MISSED = "missed"
ASKS_LATER = frozenset({"done", "does_not_hold"})
"""Settled words under which a question for a later day is still asked: nobody has answered that one yet."""
NO_ANSWER = frozenset({None, "dont_know"})
"""What leaves a question for a later day open."""


@dataclass(frozen=True)
class State:
    """The whole state of one signal, action, duty or other thing of the owner's.

    Attributes:
        provider_id: The tenant.
        site_id: The site; `PROVIDER_WIDE` where it concerns no single one.
        state_id: Its id.
        version: Its version; the higher one holds.
        status: The owner's word.
        visibility: site, or held from its site.
        body: All its fields as on the wire.
    """

    provider_id: str
    site_id: str
    state_id: str
    version: int
    status: str
    visibility: str
    body: Mapping[str, Any]

    @property
    def open(self) -> bool:
        """Tell whether it still asks something of somebody: by its status, a follow-up without an answer, or a role
        that was asked because nobody carried out what was missed."""
        if self.status == MISSED:
            return self.body.get("escalated_to") is not None
        return self.status not in SETTLED or (self.status in ASKS_LATER and self._unanswered())

    def _unanswered(self) -> bool:
        asked = self.body.get("follow_ups", ())
        return any(question["ask_on"] and question["answer"] in NO_ANSWER for question in asked)

    def reports(self) -> tuple[str, ...]:
        """Return the reports that it names: a duty's one, or those that are its evidence."""
        own = self.body.get("report_id")
        return (*self.body.get("report_ids", ()), *((own,) if own else ()))

    def without(self, report_ids: Collection[str]) -> State | None:
        """Return the same state with some reports taken out of its evidence; None where it is about one of them."""
        if self.body.get("report_id") in report_ids:
            return None
        if "report_ids" not in self.body:
            return self
        kept = [report_id for report_id in self.body["report_ids"] if report_id not in report_ids]
        return replace(self, body={**self.body, "report_ids": kept})

    def without_held_items(self) -> State:
        """Return the same record of a meeting without what is held from its site, and what was decided of that."""
        items = self.body.get("agenda", ())
        hidden = {item["item_id"] for item in items if item["visibility"] == HELD}
        if not hidden:
            return self
        parts = {name: [part for part in self.body[name] if part["item_id"] not in hidden] for name in _OF_ITEMS}
        return replace(self, body={**self.body, **parts})

    def without_words(self) -> State:
        """Return the same state without what people typed, wherever it stands in it."""
        return replace(self, body=_wordless(self.body))


_OF_ITEMS = ("agenda", "decisions")
WORDS = frozenset(
    {"reason", "reference", "note", "in_the_way", "why_not", "you_said", "we_did", "words", "second_reason"}
)
"""Fields that people fill in by hand."""


def _wordless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: None if name in WORDS else _wordless(inner) for name, inner in value.items()}
    return [_wordless(inner) for inner in value] if isinstance(value, list | tuple) else value
