"""What people decide of an escalation: it stands, or it is removed, with a second reader where that is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from services.actions.domain.facts import HELD
from shared.kernel.errors import Conflict, Fault, Forbidden, Invalid

UPHELD, REMOVAL_PROPOSED, REMOVED = "upheld", "removal_proposed", "removed"
SECOND_READER_CODES = frozenset({"death", "police", "safeguarding", "missing_person"})
"""Codes that nobody removes alone: somebody outside the site reads the report too."""
GRAVEST_FIRST = ("death", "missing_person", "police", "safeguarding", "riddor", "harm_occurred")
"""The codes in the taxonomy's order of seriousness; a code of another taxonomy counts as the gravest."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole state of the decision on a report's escalation; `version` goes up by one with every act.

    Attributes:
        status: upheld, removal_proposed or removed.
        code: The escalation code that was decided on; the decision says nothing of another one.
        by: Opaque id of who decided; never told to anybody.
        by_role: The role that decided.
        second_by: Opaque id of the second reader.
        report_revision: The revision that was read; a removal says nothing of later ones. None says it of all.
        reason_visibility: The report's visibility when the reason was typed.
        second_visibility: The same for the second reader's.
    """

    provider_id: str
    site_id: str
    report_id: str
    version: int
    status: str
    code: str
    reason: str
    by: str
    by_role: str
    decided_at: datetime
    visibility: str
    second_reader_asked: bool = False
    second_by: str | None = None
    second_role: str | None = None
    second_reason: str | None = None
    second_at: datetime | None = None
    report_revision: int | None = None
    reason_visibility: str = "site"
    second_visibility: str = "site"


@dataclass(frozen=True, slots=True)
class Deciding:
    """Somebody who decides on a report's escalation.

    Attributes:
        by: Opaque id of the person or key.
        role: The role that is written down.
        outside: Whether they answer for more than this site, in a role that reads safeguarding matters, and do not
            manage it.
        reason: Why, already redacted.
        at: The present moment.
        read_revision: The revision of the report that they read; None for the one that is known now.
    """

    by: str
    role: str
    outside: bool
    reason: str
    at: datetime
    read_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Escalated:
    """The report that is decided on.

    Attributes:
        code: The code of its label now; None where it has none.
        visibility: site, or held from the site's own roles.
        revision: Its revision now.
        given: The codes that anybody, or any model, ever gave it.
    """

    provider_id: str
    site_id: str
    report_id: str
    code: str | None
    visibility: str
    revision: int = 1
    given: frozenset[str] = frozenset()


def remove(report: Escalated, known: Decision | None, version: int, who: Deciding) -> Decision:
    """Remove an escalation or, where a second reader is needed, propose it.

    A second reader is needed for four codes, also where the report had one of them before and a correction took it off:
    otherwise one person could do in two steps what nobody may do alone.

    Args:
        report: The report.
        known: The decision so far; None where nobody has decided.
        version: As it was seen; 0 where nobody has decided.
        who: Who decides and why.

    Returns:
        The new decision; the label itself stays.

    Raises:
        Conflict: the decision has moved on, the report has no escalation, or its removal is proposed or decided.
    """
    code = _code(report, known, version, who)
    asked = code in SECOND_READER_CODES or _was_grave(report)
    if known is not None and (_waits(known, code, report) or applies(known, report)):
        raise Conflict(f"the escalation of report {report.report_id} is {known.status} already")
    return _decision(report, version, REMOVAL_PROPOSED if asked else REMOVED, code, who, asked)


def uphold(report: Escalated, known: Decision | None, version: int, who: Deciding) -> Decision:
    """Let an escalation stand, or take a removal back.

    Raises:
        Conflict: the decision has moved on, or the report has no escalation.
    """
    return _decision(report, version, UPHELD, _code(report, known, version, who), who, False)


def second_reading(report: Escalated, known: Decision | None, version: int, agrees: bool, who: Deciding) -> Decision:
    """Agree to a proposed removal, or refuse it: then the escalation stands.

    Args:
        report: The report.
        known: The decision so far.
        version: As it was seen.
        agrees: Whether the second reader agrees.
        who: The second reader.

    Raises:
        Conflict: the decision has moved on, no removal is proposed, or code or report are others by now.
        Forbidden: the reader is who proposed it, or is not outside the site.
    """
    code = _code(report, known, version, who)
    if known is None or known.status != REMOVAL_PROPOSED or known.code != code:
        raise Conflict(f"no removal of the escalation {code} of report {report.report_id} waits for a second reader")
    if known.by == who.by:
        raise Forbidden("the second reader must be somebody other than who proposed the removal")
    if not who.outside:
        raise Forbidden(
            "the second reader must be from safeguarding or governance, answer for more than this site, not manage it"
        )
    if agrees and not _covers(known, report):
        raise Conflict(f"report {report.report_id} was amended after its removal was proposed: propose it again")
    return replace(
        known,
        version=version + 1,
        status=REMOVED if agrees else UPHELD,
        visibility=report.visibility,
        second_reader_asked=True,
        second_by=who.by,
        second_role=who.role,
        second_reason=who.reason,
        second_at=who.at,
        second_visibility=report.visibility,
    )


def applies(known: Decision | None, report: Escalated) -> bool:
    """Tell whether a report counts as if it had no escalation.

    A decision on another code says nothing of this one, nor one on what the report said before it was amended; and what
    one person removed stands again once one of the four codes was given.
    """
    if known is None or known.status != REMOVED or known.code != report.code or not _covers(known, report):
        return False
    return known.second_by is not None or not _was_grave(report)


def standing(report: Escalated, known: Decision | None) -> str | None:
    """Return the code that holds: the label's or, where that is graver, the one that was upheld.

    A model that changes its mind takes nothing away that a person upheld, nor anything whose removal is only proposed.
    """
    if known is None or known.status == REMOVED:
        return report.code
    return min((code for code in (report.code, known.code) if code is not None), key=_place)


def needs_review(report: Escalated, known: Decision | None) -> bool:
    """Tell whether somebody should decide anew: the label or the report changed since the decision."""
    if known is None:
        return False
    return known.code != report.code or (known.status != UPHELD and not _covers(known, report))


def without_words(known: Decision) -> Decision:
    """Leave out what people typed, for readers of numbers alone."""
    return replace(known, reason="", second_reason=None)


def without_held_words(known: Decision) -> Decision:
    """Leave out what was typed while the report was held from its site."""
    return replace(
        known,
        reason="" if known.reason_visibility == HELD else known.reason,
        second_reason=None if known.second_visibility == HELD else known.second_reason,
    )


def needs_reason(reason: str | None) -> str:
    """Return a reason that is there.

    Raises:
        Invalid: it is blank.
    """
    if not reason:
        raise Invalid("say why", (Fault("must not be blank", "reason"),))
    return reason


def _covers(known: Decision, report: Escalated) -> bool:
    return known.report_revision is None or report.revision <= known.report_revision


def _waits(known: Decision, code: str, report: Escalated) -> bool:
    return known.status == REMOVAL_PROPOSED and known.code == code and _covers(known, report)


def _was_grave(report: Escalated) -> bool:
    return not report.given.isdisjoint(SECOND_READER_CODES)


def _place(code: str) -> int:
    return GRAVEST_FIRST.index(code) if code in GRAVEST_FIRST else -1


def _code(report: Escalated, known: Decision | None, version: int, who: Deciding) -> str:
    current = known.version if known else 0
    if current != version:
        fault = Fault(f"the current version is {current}", "version")
        raise Conflict(
            f"the decision on report {report.report_id} is at version {current}, not {version}: read it again", (fault,)
        )
    if who.read_revision is not None and who.read_revision != report.revision:
        fault = Fault(f"the current revision is {report.revision}", "report_revision")
        raise Conflict(f"report {report.report_id} was amended: read revision {report.revision} of it", (fault,))
    code = standing(report, known)
    if code is None:
        raise Conflict(f"report {report.report_id} has no escalation to decide on")
    return code


def _decision(report: Escalated, version: int, status: str, code: str, who: Deciding, asked: bool) -> Decision:
    return Decision(
        provider_id=report.provider_id,
        site_id=report.site_id,
        report_id=report.report_id,
        version=version + 1,
        status=status,
        code=code,
        reason=who.reason,
        by=who.by,
        by_role=who.role,
        decided_at=who.at,
        visibility=report.visibility,
        second_reader_asked=asked,
        report_revision=report.revision,
        reason_visibility=report.visibility,
    )
