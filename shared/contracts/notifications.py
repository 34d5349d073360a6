"""Events of actions on messages to people: what was sent to which role, what failed, and who said that it was seen."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from shared.contracts.envelope import Event, Id, Wire, Word


class Notification(Wire):
    """The whole state of a message to a role: a number and a link, never text.

    `kind`: alert (at once) or digest (once a day). `about`: escalation, card, worry, digest, or unreviewed (a digest of
    reports that nobody has reviewed for too long); `subject_id` names the report of an alert, or the day of a digest.
    `step`: of an alert 1 the role on call, 2 its deputy, 3 the group on call; of unreviewed reports the rung of their
    age. `status`: waiting, sent, failed, acknowledged, passed_on (unacknowledged in time, the next step was sent),
    settled.
    `fell_back` says that the site has nobody in that role, so that the group's holder was asked. Who it went to is told
    by opaque user ids; addresses never leave the service.
    """

    notification_id: Id
    version: int = Field(ge=1)
    status: Word
    kind: Word
    about: Word
    subject_id: str
    step: int = Field(ge=1)
    role: Word
    fell_back: bool = False
    user_ids: tuple[Id, ...] = ()
    channel: Word
    accepted_at: AwareDatetime | None = None
    due_at: AwareDatetime
    attempts: int = Field(default=0, ge=0)
    sent_at: AwareDatetime | None = None
    failure: Word | None = None
    pass_on_at: AwareDatetime | None = None
    acknowledged_at: AwareDatetime | None = None
    acknowledged_by_role: Word | None = None
    items: int = Field(default=1, ge=0)
    visibility: Word = "site"


class NotificationEvent(Event):
    """Base of the events of a message."""

    subject_field = "notification.notification_id"
    may_be_provider_wide = True
    notification: Notification


class NotificationSent(NotificationEvent):
    """A channel took the message; `accepted_at` to `sent_at` is how long it took from the report's acceptance."""

    type: Literal["NotificationSent"] = "NotificationSent"


class NotificationFailed(NotificationEvent):
    """No channel took the message, or nobody holds the role; the next step was asked at once where there is one."""

    type: Literal["NotificationFailed"] = "NotificationFailed"


class NotificationAcknowledged(NotificationEvent):
    """Somebody said that it was seen."""

    type: Literal["NotificationAcknowledged"] = "NotificationAcknowledged"
