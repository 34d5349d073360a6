"""How the words of this service read on a page; an unknown word is shown as it came."""

from __future__ import annotations

from typing import Final

from shared.taxonomy.model import Taxonomy
from shared.web.words import sentence_case

TASK_STATES: Final = {
    "proposed": ("Proposed", "strong"),
    "accepted": ("Accepted", "plain"),
    "in_progress": ("In progress", "plain"),
    "completed": ("Completed, to be verified", "plain"),
    "verified": ("Verified", "better"),
    "declined": ("Declined", "plain"),
    "lapsed": ("Lapsed: nobody took it on", "plain"),
}
VERDICTS: Final = {
    "EFFECTIVE": ("Fell beyond chance", "better"),
    "PROMISING": ("Looks like a fall", "plain"),
    "NO_CHANGE_SEEN": ("No change seen", "plain"),
    "WORSE": ("Rose beyond chance", "concern"),
    "INSUFFICIENT_EVIDENCE": ("Too few to tell yet", "plain"),
    "CONFOUNDED_REPORTING_FELL": ("Maybe only less reporting", "concern"),
    "NOT_IMPLEMENTED": ("Not carried out", "concern"),
    "RELAPSED": ("Fell, and came back", "concern"),
}
SIGNAL_KINDS: Final = {
    "rising_rate": "More than expected",
    "recurring_asset": "The same asset again",
    "cluster_after_change": "After a change",
    "periodic_bunching": "On the same days",
    "silence": "Gone quiet",
    "shared_season": "At several sites at once",
    "reporting_increase": "More is being told",
    "repeat_without_action": "Again, without an action",
}
DECISIONS: Final = {"acted_on": "Acted on", "watched": "Being watched", "dismissed": "Dismissed"}
STRENGTHS: Final = {"stronger": "Stronger", "intermediate": "Intermediate", "weaker": "Weaker"}
HARM: Final = {
    "rose": "rose, or was severe: a person must look",
    "no_rise_seen": "no rise seen",
    "too_few_to_tell": "too few events to tell",
}
ACTS: Final = {
    "ActionProposed": "Proposed",
    "ActionChanged": "Changed or commented on",
    "ActionAccepted": "Accepted",
    "ActionDeclined": "Declined, or lapsed",
    "ActionStarted": "Started",
    "ActionStepCompleted": "Step done",
    "ActionCompleted": "Completed",
    "ActionVerified": "Verified",
    "ActionReopened": "Reopened",
    "EscalationAdvised": "Asked",
    "DutyAnswered": "Answered",
    "EscalationDecided": "Decided",
    "CardRaised": "Raised",
    "CardCleared": "Ended",
    "PersonTold": "Noted",
    "RepeatAsked": "Asked",
    "RepeatAnswered": "Answered",
    "AssetStatusChanged": "Changed",
    "ProgrammeAssessed": "Judged",
    "": "Its link was changed",
    "OccurrenceDue": "Fell due",
    "OccurrenceCompleted": "Carried out",
    "OccurrenceMissed": "Missed",
}
DUTY_STATES: Final = {
    "asked": ("To be answered", "strong"),
    "holds": ("Holds: tell them", "concern"),
    "not_known": ("Not known yet", "strong"),
    "does_not_hold": ("Does not hold", "plain"),
    "done": ("Told", "plain"),
    "closed": ("Closed", "plain"),
}
OCCURRENCE_STATES: Final = {
    "planned": ("Planned", "plain"),
    "due": ("Due", "strong"),
    "done": ("Done", "plain"),
    "missed": ("Missed", "concern"),
}
ROUTINE_KINDS: Final = {"checklist": "Checklist", "inspection": "Inspection", "verification": "Data verification"}
SHIFTS: Final = {
    "early": "Early",
    "late": "Late",
    "night": "Night",
    "twilight": "Twilight",
    "long_day": "Long day",
    "office": "Office and others",
}
AGENDA: Final = {
    "decision": "Decided last time: was it done?",
    "escalation": "Escalations with a running clock",
    "signal": "Questions raised by the data",
    "verdict": "Did our actions work?",
    "overdue": "Overdue actions",
}
UNITS: Final = {
    "occupied_bed_days": "bed days",
    "visits": "visits",
    "care_hours": "care hours",
    "supported_person_days": "supported person days",
    "attendances": "attendances",
}
OWNER_ROLES: Final = (
    "registered_manager",
    "deputy_manager",
    "nurse_in_charge",
    "senior_carer",
    "care_coordinator",
    "maintenance_lead",
    "governance_lead",
    "safeguarding_lead",
    "training_lead",
)
"""What a page offers; any role's word may be kept."""


_DAYS: Final = {"MO": "Monday", "TU": "Tuesday", "WE": "Wednesday", "TH": "Thursday", "FR": "Friday", "SA": "Saturday",
                "SU": "Sunday"}  # fmt: skip
_UNITS: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}


def cadence(rule: str) -> str:
    """Say a recurrence rule in words: "every 4 weeks, on Monday".

    Args:
        rule: RFC 5545 RRULE; what these words cannot say is shown as it came.
    """
    fields = dict(part.partition("=")[::2] for part in rule.removeprefix("RRULE:").split(";"))
    unit, every = _UNITS.get(fields.pop("FREQ", "")), fields.pop("INTERVAL", "1")
    days, month_days = fields.pop("BYDAY", ""), fields.pop("BYMONTHDAY", "")
    names = [_DAYS.get(day) for day in days.split(",")] if days else []
    if unit is None or fields or None in names or (month_days and not month_days.isdigit()):
        return rule
    words = f"every {unit}" if every == "1" else f"every {every} {unit}s"
    on = [", ".join(str(name) for name in names)] if names else []
    on += [f"day {month_days} of the month"] if month_days else []
    return f"{words}, on {' and '.join(on)}" if on else words


class Titles:
    """Looks words up.

    Args:
        taxonomy: The release that this service was built with.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self.domains = {name: domain.title for name, domain in taxonomy.domains.items()}
        self._escalations = {name: term.title for name, term in taxonomy.escalations.items()}
        self.owner_roles = tuple(
            dict.fromkeys((*OWNER_ROLES, *(book.owner_role for book in taxonomy.playbooks.values())))
        )

    def domain(self, word: str) -> str:
        """Return a domain's title."""
        return self.domains.get(word) or sentence_case(word)

    def escalation(self, word: str) -> str:
        """Return an escalation code's title."""
        return self._escalations.get(word) or sentence_case(word)

    def task(self, word: str) -> tuple[str, str]:
        """Return a task's state and the kind of its tag."""
        return TASK_STATES.get(word, (sentence_case(word), "plain"))

    def verdict(self, word: str) -> tuple[str, str]:
        """Return a verdict in words and the kind of its tag."""
        return VERDICTS.get(word, (sentence_case(word), "plain"))

    def duty(self, word: str) -> tuple[str, str]:
        """Return a duty's state and the kind of its tag."""
        return DUTY_STATES.get(word, (sentence_case(word), "plain"))

    def occurrence(self, word: str) -> tuple[str, str]:
        """Return an occurrence's state and the kind of its tag."""
        return OCCURRENCE_STATES.get(word, (sentence_case(word), "plain"))

    def signal(self, word: str) -> str:
        """Return what kind of question it is."""
        return SIGNAL_KINDS.get(word) or sentence_case(word)

    def act(self, word: str) -> str:
        """Return what an event's type says was done."""
        return ACTS.get(word) or sentence_case(word)

    def unit(self, word: str | None) -> str:
        """Return a unit of exposure in the plural; "care delivered" where there is none."""
        return UNITS.get(word or "") or (word or "care delivered").replace("_", " ")

    def said(self, table: str, word: str) -> str:
        """Return a word of one of the small lists of this module.

        Args:
            table: decisions, strengths, harm, kinds, shifts or agenda.
            word: The word.
        """
        tables = {
            "decisions": DECISIONS,
            "strengths": STRENGTHS,
            "harm": HARM,
            "kinds": ROUTINE_KINDS,
            "shifts": SHIFTS,
            "agenda": AGENDA,
        }
        return tables[table].get(word) or sentence_case(word)
