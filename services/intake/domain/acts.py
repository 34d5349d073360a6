"""Who did what to a report: kept beside its revisions for those who must answer for them, never published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.principal import Principal, Role

_WIDEST_FIRST = (Role.OPERATOR, Role.GOVERNANCE, Role.SAFEGUARDING, Role.MANAGER, Role.FEED, Role.ANALYST)


@dataclass(frozen=True, slots=True)
class Act:
    """One act.

    Attributes:
        kind: received, amended or withdrawn.
        revision: The revision that it made.
        by_subject: Opaque id of the key or link that it was done with.
        by_role: The widest role that it carried.
    """

    kind: str
    revision: int
    by_subject: str
    by_role: str
    at: datetime


def act_of(principal: Principal, kind: str, revision: int, at: datetime) -> Act:
    """Say who did something.

    Args:
        principal: Who did it.
        kind: received, amended or withdrawn.
        revision: The revision that it made.
        at: When it was written down.
    """
    role = next(role for role in _WIDEST_FIRST if role in principal.roles)
    return Act(kind, revision, principal.subject, role.value, at)
