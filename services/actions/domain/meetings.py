"""The record of a governance meeting: agenda, attendance by role, decisions; signed, and frozen from then on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from typing import Final

from shared.kernel.errors import Conflict, Fault, Invalid, NotFound
from shared.kernel.ids import derived_id

DRAFT, SIGNED = "draft", "signed"
SIGNAL, VERDICT, ESCALATION, OVERDUE, DECISION = "signal", "verdict", "escalation", "overdue", "decision"
KINDS: Final = (DECISION, ESCALATION, SIGNAL, VERDICT, OVERDUE)
"""The agenda's parts, in the order in which a meeting goes through them."""
OUTCOMES: Final = ("done", "not_done")
DECISIONS_MAX: Final = 100
ATTENDED_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class AgendaItem:
    """One thing that a meeting had before it.

    Attributes:
        subject_id: The signal, action, duty or earlier decision.
        about_site: The site that it is about; None of what is about the provider.
        words: What it said on that day; None where it is held from its site.
        outcome: Of an earlier decision: done, not_done or None while nobody said.
        owner_role: Of an earlier decision, who was to carry it out.
        due_on: Of an earlier decision or an overdue task, by when.
    """

    item_id: str
    kind: str
    subject_id: str
    about_site: str | None
    words: str | None
    visibility: str = "site"
    outcome: str | None = None
    owner_role: str | None = None
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, which role carries it out, and by when."""

    decision_id: str
    item_id: str | None
    words: str
    owner_role: str
    due_on: date


@dataclass(frozen=True, slots=True)
class Meeting:
    """The whole state of a record; `version` goes up by one with every change.

    Attributes:
        attended: How many were there, by role.
        left_out: How many open matters of each kind did not fit on the agenda.
        signed_by: Opaque id of who signed it; never told to anybody.
        content_hash: SHA-256 of the record as it was signed; see `content_hash`.
    """

    meeting_id: str
    provider_id: str
    version: int
    status: str
    held_on: date
    agenda: tuple[AgendaItem, ...] = ()
    attended: Mapping[str, int] = field(default_factory=dict)
    decisions: tuple[Decision, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    signed_at: datetime | None = None
    signed_by_role: str | None = None
    signed_by: str | None = None
    content_hash: str | None = None

    def item(self, item_id: str) -> AgendaItem | None:
        """Return an item of the agenda."""
        return next((item for item in self.agenda if item.item_id == item_id), None)


def meeting_id(provider_id: str, held_on: date) -> str:
    """Derive a record's id: a provider has one a day."""
    return derived_id(f"meeting|{provider_id}|{held_on}")


def opened(provider_id: str, held_on: date) -> Meeting:
    """Make an empty record.

    Args:
        provider_id: The tenant.
        held_on: The day of the meeting.
    """
    return Meeting(meeting_id(provider_id, held_on), provider_id, 0, DRAFT, held_on)


def with_agenda(meeting: Meeting, found: Sequence[AgendaItem], left_out: Mapping[str, int]) -> Meeting:
    """Build the agenda from what is open now; what something was decided or said of stays on it.

    Args:
        meeting: A draft.
        found: What is open, in the order of KINDS.
        left_out: How many more there were of each kind.

    Raises:
        Conflict: the record is signed.
    """
    _expect(meeting, meeting.version)
    decided = {decision.item_id for decision in meeting.decisions}
    said = {item.item_id: item for item in meeting.agenda if item.item_id in decided or item.outcome}
    items = {
        item.item_id: replace(item, outcome=said[item.item_id].outcome) if item.item_id in said else item
        for item in found
    }
    agenda = sorted((said | items).values(), key=lambda item: KINDS.index(item.kind))
    return replace(meeting, version=meeting.version + 1, agenda=tuple(agenda), left_out=dict(left_out))


def attended_by(meeting: Meeting, version: int, attended: Mapping[str, int]) -> Meeting:
    """Note who was there, by role.

    Args:
        meeting: As it is stored.
        version: As it was seen.
        attended: How many of each role; zeros are left out.

    Raises:
        Conflict: the record has moved on, or is signed.
        Invalid: names the number that cannot be.
    """
    _expect(meeting, version)
    faults = [
        Fault(f"must be a whole number from 0 to {ATTENDED_MAX}", role)
        for role, number in attended.items()
        if not 0 <= number <= ATTENDED_MAX
    ]
    if faults:
        raise Invalid("the attendance cannot be", tuple(faults))
    return replace(meeting, version=version + 1, attended={role: n for role, n in sorted(attended.items()) if n})


def decide(meeting: Meeting, version: int, decision: Decision) -> Meeting:
    """Write a decision down.

    Args:
        meeting: As it is stored.
        version: As it was seen.
        decision: What was decided; its id is given here.

    Raises:
        Conflict: the record has moved on, or is signed.
        Invalid: it names an item that is not on the agenda, or a day before the meeting; or there are too many.
    """
    _expect(meeting, version)
    if decision.item_id is not None and meeting.item(decision.item_id) is None:
        raise Invalid("the decision is about nothing on the agenda", (Fault("is not on the agenda", "item_id"),))
    if decision.due_on < meeting.held_on:
        raise Invalid("the decision is due too early", (Fault(f"must be {meeting.held_on} or later", "due_on"),))
    if len(meeting.decisions) >= DECISIONS_MAX:
        raise Invalid("the record is full", (Fault(f"at most {DECISIONS_MAX} decisions", "words"),))
    numbers = [int(known.decision_id.rsplit(":", 1)[1]) for known in meeting.decisions]
    key = f"{meeting.meeting_id}:{max(numbers, default=0) + 1}"
    made = replace(decision, decision_id=key)
    return replace(meeting, version=version + 1, decisions=(*meeting.decisions, made))


def strike(meeting: Meeting, version: int, decision_id: str) -> Meeting:
    """Take a decision out of a draft.

    Raises:
        Conflict: the record has moved on, or is signed.
        NotFound: there is no such decision.
    """
    _expect(meeting, version)
    left = tuple(known for known in meeting.decisions if known.decision_id != decision_id)
    if len(left) == len(meeting.decisions):
        raise NotFound(f"decision {decision_id} is not in the record")
    return replace(meeting, version=version + 1, decisions=left)


def report_outcome(meeting: Meeting, version: int, item_id: str, outcome: str) -> Meeting:
    """Note what became of an earlier decision.

    Args:
        meeting: As it is stored.
        version: As it was seen.
        item_id: The agenda's item, of kind decision.
        outcome: done or not_done.

    Raises:
        Conflict: the record has moved on, or is signed.
        NotFound: the agenda has no such earlier decision.
        Invalid: the outcome is none of the two.
    """
    _expect(meeting, version)
    item = meeting.item(item_id)
    if item is None or item.kind != DECISION:
        raise NotFound(f"earlier decision {item_id} is not on the agenda")
    if outcome not in OUTCOMES:
        raise Invalid("say what became of it", (Fault(f"must be one of {', '.join(OUTCOMES)}", "outcome"),))
    agenda = tuple(replace(known, outcome=outcome) if known is item else known for known in meeting.agenda)
    return replace(meeting, version=version + 1, agenda=agenda)


def sign(meeting: Meeting, version: int, role: str, by: str, at: datetime) -> Meeting:
    """Sign a record; nothing of it changes any more.

    Args:
        meeting: As it is stored.
        version: As it was seen.
        role: The role that signs.
        by: Opaque id of who signs.
        at: The present moment.

    Raises:
        Conflict: the record has moved on, or is signed.
        Invalid: nobody was there, or an earlier decision is left without an outcome.
    """
    _expect(meeting, version)
    faults = []
    if not meeting.attended:
        faults.append(Fault("say who was there, by role", "attended"))
    if any(item.kind == DECISION and item.outcome is None for item in meeting.agenda):
        faults.append(Fault("say of each earlier decision whether it was done", "outcome"))
    if faults:
        raise Invalid("the record is not complete", tuple(faults))
    signed = replace(
        meeting,
        version=version + 1,
        status=SIGNED,
        signed_at=at.replace(microsecond=0),
        signed_by_role=role,
        signed_by=by,
    )
    return replace(signed, content_hash=content_hash(signed))


def content_hash(meeting: Meeting) -> str:
    """Return the hash of a signed record: SHA-256, in hexadecimal, of its published fields as canonical JSON.

    Canonical: keys sorted, no spaces, UTF-8, moments in UTC ending in Z; the field content_hash is left out.

    Args:
        meeting: A signed record.
    """
    assert meeting.signed_at is not None, "only signed records have a hash"
    items = ("item_id", "kind", "subject_id", "about_site", "words", "visibility", "outcome")
    agenda = [{name: getattr(item, name) for name in items} for item in meeting.agenda]
    record = {
        "meeting_id": meeting.meeting_id,
        "version": meeting.version,
        "held_on": meeting.held_on.isoformat(),
        "attended": dict(meeting.attended),
        "agenda": agenda,
        "decisions": [asdict(known) | {"due_on": known.due_on.isoformat()} for known in meeting.decisions],
        "signed_at": meeting.signed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "signed_by_role": meeting.signed_by_role,
    }
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _expect(meeting: Meeting, version: int) -> None:
    if meeting.status == SIGNED:
        raise Conflict(f"the record of {meeting.held_on} is signed and can change no more")
    if meeting.version != version:
        fault = Fault(f"the current version is {meeting.version}", "version")
        raise Conflict(
            f"the record of {meeting.held_on} is at version {meeting.version}, not {version}: read it again", (fault,)
        )
