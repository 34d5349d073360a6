"""The decision table from labels and form answers to one event class; it reads no text."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

HAZARD: Final = "HAZARD"
NEAR_MISS: Final = "NEAR_MISS"
NO_HARM: Final = "NO_HARM"
DISRUPTION: Final = "DISRUPTION"
LOW_HARM: Final = "LOW_HARM"
ESCALATED: Final = "ESCALATED"
GOOD_CATCH: Final = "GOOD_CATCH"
NOT_AN_EVENT: Final = "NOT_AN_EVENT"
UNKNOWN: Final = "UNKNOWN"

REACHED_SOMEONE: Final = "harm_occurred"


def event_class(  # noqa: PLR0911 - one return for each row of the table
    *,
    is_near_miss: bool | None,
    escalate: Sequence[str],
    disruption_kind: str | None = None,
    injured: bool = False,
    act_under_way: bool | None = None,
    nothing_went_wrong: bool = False,
) -> str:
    """Put a report into exactly one event class; the first row that fits decides.

    The classes follow the WHO's split of reportable circumstance, near miss, no-harm and harmful incident, with a class
    of its own for disruption of the service and one for what went well.

    Args:
        is_near_miss: The label of that name; None when it could not be decided.
        escalate: The escalation codes, at most one. Any but `harm_occurred` takes the report out
            of the near-miss rate.
        disruption_kind: What kind of service disruption is told, or None.
        injured: Whether an injury is shown by the words or by the form; read only when the event reached someone.
        act_under_way: True when an act of care nearly went wrong, False for a standing condition that somebody found,
            None when the words do not show which. A disruption in which an act nearly went wrong is a near miss.
        nothing_went_wrong: Whether the report tells only what was noticed early and done well.

    Returns:
        One of the nine class names of this module.
    """
    if any(code != REACHED_SOMEONE for code in escalate):
        return ESCALATED
    if escalate:
        return LOW_HARM if injured else NO_HARM
    if is_near_miss is None:
        return UNKNOWN
    if not is_near_miss:
        return NOT_AN_EVENT
    if nothing_went_wrong:
        return GOOD_CATCH
    if disruption_kind is not None and not act_under_way:
        return DISRUPTION
    return HAZARD if act_under_way is False else NEAR_MISS


def with_escalation(stated: str | None, codes: Sequence[str]) -> str:
    """Return the class of a report while an escalation stands: no stated class takes it out of where it is counted.

    Args:
        stated: The class among the labels; it only says whether somebody was hurt.
        codes: The escalation codes that stand, at least one.

    Returns:
        ESCALATED, LOW_HARM or NO_HARM, by the table above.
    """
    return event_class(is_near_miss=None, escalate=codes, injured=stated == LOW_HARM)


def without_escalation(labels: Mapping[str, Any]) -> str:
    """Return the class of a report whose escalation people removed: the one that it had if it had none.

    Args:
        labels: The labels that hold, by field name; they stay as they are.

    Returns:
        The class by the table above; a class that the escalation did not make (a person may have said another) stays.
        UNKNOWN where the report is labelled as no near miss: that label followed from the escalation, and does not
        show that nothing happened.
    """
    stated = labels.get("event_class") or UNKNOWN
    if stated not in (ESCALATED, NO_HARM, LOW_HARM):
        return str(stated)
    return event_class(
        is_near_miss=labels.get("is_near_miss") or None, escalate=(), disruption_kind=labels.get("disruption_kind")
    )
