"""A message to a role, a number and a link and never text: what alerts at once, who is next, how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.actions.domain.facts import HELD, Fact
from shared.kernel.errors import Conflict, Fault
from shared.kernel.ids import derived_id
from shared.taxonomy.oversight import AlertRules

__all__ = [
    "ACKNOWLEDGED", "ALERT", "CARD", "DIGEST", "ESCALATION", "FAILED", "PASSED_ON", "SENT", "SETTLED", "STATUSES",
    "UNREVIEWED", "WAITING", "Notice", "acknowledged", "alerts_for", "at_rest", "digest_notice", "following",
    "passed_on", "sent", "settled", "tried",
]  # fmt: skip

WAITING, SENT, FAILED, ACKNOWLEDGED = "waiting", "sent", "failed", "acknowledged"
PASSED_ON, SETTLED = "passed_on", "settled"
STATUSES = (WAITING, SENT, FAILED, ACKNOWLEDGED, PASSED_ON, SETTLED)
ALERT, DIGEST = "alert", "digest"
UNREVIEWED = "unreviewed"
"""About: a digest of reports that nobody has reviewed for too long."""
ESCALATION, CARD, WORRY = "escalation", "card", "worry"
RANK = {ESCALATION: 3, CARD: 2, WORRY: 1}


@dataclass(frozen=True, slots=True)
class Notice:
    """The whole state of a message; `version` goes up by one with every change.

    Attributes:
        site_id: None for the digest of a group.
        kind: alert or digest.
        about: escalation, card, worry, digest or unreviewed.
        subject_id: The report of an alert, the day of a digest.
        step: 1 or more; which of the roles in order it is for; of unreviewed reports the lowest rung of their age.
        accepted_at: When the report was accepted; None for a digest.
        next_at: When there is something to do about it: send, send again, ask the next role; None where nothing is.
        claimed_until: Until then one process tries to send it.
        link_hashes: Hashes of the secrets by which its link acknowledges it without signing in.
        items: How many things it speaks of.
        visibility: That of the report; the digest of a site has `site`.
    """

    notification_id: str
    provider_id: str
    site_id: str | None
    version: int
    status: str
    kind: str
    about: str
    subject_id: str
    step: int
    role: str
    due_at: datetime
    next_at: datetime | None
    accepted_at: datetime | None = None
    channel: str = ""
    fell_back: bool = False
    user_ids: tuple[str, ...] = ()
    attempts: int = 0
    sent_at: datetime | None = None
    failure: str | None = None
    pass_on_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by_role: str | None = None
    claimed_until: datetime | None = None
    link_hashes: tuple[str, ...] = ()
    items: int = 1
    visibility: str = "site"


def alerts_for(
    fact: Fact, known: Sequence[Notice], rules: AlertRules, now: datetime
) -> tuple[Notice | None, list[Notice]]:
    """Say whom a report alerts, given what it has alerted already.

    A report alerts once for its most serious reason. A more serious one that comes later alerts again and takes the
    place of what has not been sent. Backfill and replay alert nobody, nor do labels that change on old reports.

    Args:
        fact: What is known of the report.
        known: The messages about it.
        rules: Whom to alert for what.
        now: The present moment.

    Returns:
        The message to send, or None; and the new states of messages that are settled by it, or by a withdrawal.
    """
    part = fact.report
    if part is None:
        return None, []
    about = _about(fact, rules)
    unsent = [notice for notice in known if notice.status == WAITING]
    if about is None:
        return None, [settled(notice) for notice in unsent] if part.withdrawn else []
    accepted_at = part.received_at or part.reported_at
    if part.replay or now - accepted_at > timedelta(days=rules.received_within_days):
        return None, []
    held = part.visibility == HELD
    # What went to the safeguarding lead is enough for a report that is released; not the other way round.
    heard = [notice for notice in known if notice.status != SETTLED and (not held or notice.visibility == HELD)]
    if any(RANK.get(notice.about, 0) >= RANK[about] for notice in heard):
        return None, []
    waits_s = rules.settle_s if about == WORRY and fact.labels is None else 0
    steps = rules.steps_held if held else rules.steps
    first = Notice(
        notification_id=_id(fact.provider_id, fact.report_id, about, part.visibility, 1),
        provider_id=fact.provider_id,
        site_id=fact.site_id,
        version=1,
        status=WAITING,
        kind=ALERT,
        about=about,
        subject_id=fact.report_id,
        step=1,
        role=steps[0],
        due_at=now + timedelta(seconds=waits_s),
        next_at=now + timedelta(seconds=waits_s),
        accepted_at=accepted_at,
        visibility=part.visibility,
    )
    if any(notice.notification_id == first.notification_id for notice in known):
        return None, []
    return first, [settled(notice) for notice in unsent]


def following(notice: Notice, rules: AlertRules, now: datetime) -> Notice | None:
    """Make the message to the next role; None where the last one has been asked, or it is no alert.

    Args:
        notice: The message that nobody acknowledged, or that reached nobody.
        rules: The roles in order.
        now: The present moment.
    """
    steps = rules.steps_held if notice.visibility == HELD else rules.steps
    if notice.kind != ALERT or notice.step >= len(steps):
        return None
    step = notice.step + 1
    return Notice(
        notification_id=_id(notice.provider_id, notice.subject_id, notice.about, notice.visibility, step),
        provider_id=notice.provider_id,
        site_id=notice.site_id,
        version=1,
        status=WAITING,
        kind=ALERT,
        about=notice.about,
        subject_id=notice.subject_id,
        step=step,
        role=steps[step - 1],
        due_at=now,
        next_at=now,
        accepted_at=notice.accepted_at,
        visibility=notice.visibility,
    )


def digest_notice(provider_id: str, site_id: str | None, role: str, day: date, items: int, due_at: datetime) -> Notice:
    """Make the message of a day's digest.

    Args:
        provider_id: The tenant.
        site_id: The site; None for the group.
        role: Whom it is for.
        day: The day.
        items: How many things wait.
        due_at: When it was due.
    """
    key = derived_id(f"digest|{provider_id}|{site_id or '*'}|{role}|{day}")
    return Notice(key, provider_id, site_id, 1, WAITING, DIGEST, DIGEST, str(day), 1, role, due_at, due_at, items=items)


def sent(
    notice: Notice, channel: str, user_ids: tuple[str, ...], fell_back: bool, rules: AlertRules, at: datetime
) -> Notice:
    """Note that a channel took the message; an alert is passed on unless it is acknowledged in time."""
    steps = rules.steps_held if notice.visibility == HELD else rules.steps
    more = notice.kind == ALERT and notice.step < len(steps)
    pass_on_at = at + timedelta(minutes=rules.acknowledge_within_min) if more else None
    return replace(
        notice, version=notice.version + 1, status=SENT, channel=channel, user_ids=user_ids, fell_back=fell_back,
        sent_at=at, pass_on_at=pass_on_at, next_at=pass_on_at, claimed_until=None, failure=None,
    )  # fmt: skip


def tried(
    notice: Notice, channel: str, failure: str, rules: AlertRules, at: datetime, *, again: bool, fell_back: bool = False
) -> Notice:
    """Note that a try failed: it is tried again after a growing pause, or the message has failed.

    Args:
        notice: The message; its `attempts` count this try.
        channel: The channel's name.
        failure: What went wrong, as a word.
        rules: How often to try.
        at: When.
        again: Whether another try could work.
        fell_back: Whether the group's holder was looked for.
    """
    if again and notice.attempts < rules.attempts:
        wait_s = rules.retry_s * 2 ** (notice.attempts - 1)
        return replace(
            notice, version=notice.version + 1, channel=channel, failure=failure, claimed_until=None,
            next_at=at + timedelta(seconds=wait_s),
        )  # fmt: skip
    return replace(
        notice, version=notice.version + 1, status=FAILED, channel=channel, failure=failure, claimed_until=None,
        next_at=None, fell_back=fell_back,
    )  # fmt: skip


def acknowledged(notice: Notice, role: str, at: datetime) -> Notice:
    """Note that somebody has seen it; again changes nothing.

    Raises:
        Conflict: it has not been sent.
    """
    if notice.status == ACKNOWLEDGED:
        return notice
    if notice.status not in (SENT, PASSED_ON):
        detail = f"message {notice.notification_id} is {notice.status}: only what was sent can be acknowledged"
        raise Conflict(detail, (Fault(f"the status is {notice.status}", "notification_id"),))
    return replace(
        notice, version=notice.version + 1, status=ACKNOWLEDGED, acknowledged_at=at, acknowledged_by_role=role,
        next_at=None, claimed_until=None,
    )  # fmt: skip


def passed_on(notice: Notice) -> Notice:
    """Note that the next role is asked."""
    return replace(notice, version=notice.version + 1, status=PASSED_ON, next_at=None, claimed_until=None)


def at_rest(notice: Notice) -> Notice:
    """Note that the next role need not be asked: somebody has seen another message about the same."""
    return replace(notice, version=notice.version + 1, next_at=None, pass_on_at=None)


def settled(notice: Notice) -> Notice:
    """Note that there is nothing left to do about it."""
    return replace(notice, version=notice.version + 1, status=SETTLED, next_at=None, claimed_until=None)


def _about(fact: Fact, rules: AlertRules) -> str | None:
    """Return the most serious reason to alert somebody; None where there is none, or the report does not count."""
    if fact.report is None or not fact.counts:
        return None
    if set(fact.escalate) - rules.never_for:
        return ESCALATION
    if fact.label("potential_severity") in rules.severities:
        return CARD
    return WORRY if (fact.report.worry or 0) >= rules.worry else None


def _id(provider_id: str, report_id: str, about: str, visibility: str, step: int) -> str:
    return derived_id(f"notice|{provider_id}|{report_id}|{about}|{visibility}|{step}")
