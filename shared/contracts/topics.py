"""The topic registry: every topic as an object; names, groups and dead letters are derived from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Literal, Union

from pydantic import Field, TypeAdapter, ValidationError

from shared.contracts import (
    actions,
    cards,
    classifier,
    dialogue,
    effectiveness,
    escalations,
    intake,
    learning,
    notifications,
    reporting,
    upkeep,
)
from shared.contracts.envelope import Event, partition_key

PREFIX = "nearmiss"
PARTITIONS = 12
"""Fixed for the life of a major version: another number would move sites between partitions."""
DEAD_LETTER_DAYS = 14
MARKER_KEY = b"__marker__"
"""Key of records that only let a quiet segment roll; every consumer skips them."""
DAY_MS = 86_400_000

Service = Literal["intake", "classifier", "actions", "reporting"]
SERVICES: tuple[Service, ...] = ("intake", "classifier", "actions", "reporting")


class UnknownType(Exception):
    """The record's type is not known to this release; it is skipped and counted, never a dead letter."""


class Undecodable(Exception):
    """The record can never be read; the message names fields and rules, never values."""


@dataclass(frozen=True)
class Compacted:
    """Keep the newest record of each key; older ones go between the two lags (0: the broker's default)."""

    min_lag_days: int = 0
    max_lag_days: int = 0


@dataclass(frozen=True)
class ForEver:
    """Keep everything."""


@dataclass(frozen=True)
class Topic:
    """One topic of the event log.

    Attributes:
        aggregate: What the events are about; part of the name.
        producer: The only service that may publish here.
        consumers: The services that may read here.
        events: The event classes, told apart by `type`.
        key_shape: The key in words, for the docs.
        key: Computes the record key from an event.
        kept: Retention.
        trust: Who may hold an ACL on it.
        purpose: One sentence.
        beside: What lies on it that is no event, for readers to pass over; empty where there is nothing.
        major: Major version; a breaking change is a new topic.
        partitions: Number of partitions.
        tenant: The provider whose own copy it is; empty for a topic of all.
    """

    aggregate: str
    producer: Service
    consumers: tuple[Service, ...]
    events: tuple[type[Event], ...]
    key_shape: str
    key: Callable[[Any], str]
    kept: Compacted | ForEver
    trust: str
    purpose: str
    beside: str = ""
    major: int = 1
    partitions: int = PARTITIONS
    tenant: str = ""

    @cached_property
    def name(self) -> str:
        """Return the topic's name in Kafka."""
        return f"{PREFIX}.{self.aggregate}.v{self.major}" + (f".{self.tenant}" if self.tenant else "")

    def dead_letter(self, service: Service) -> str:
        """Return the name of the topic that takes what a consumer can never process."""
        return f"{self.name}.{service}.dlq"

    @cached_property
    def adapter(self) -> TypeAdapter[Event]:
        """Return the validator of the topic's union of events; built at first use."""
        if len(self.events) == 1:
            return TypeAdapter(self.events[0])
        union: Any = Annotated[Union[self.events], Field(discriminator="type")]  # noqa: UP007 - built from a tuple
        return TypeAdapter(union)

    def decode(self, value: bytes) -> Event:
        """Read one record's value.

        Args:
            value: The JSON body as it lies in Kafka.

        Returns:
            The event.

        Raises:
            UnknownType: the body is an event of a type that this release does not know.
            Undecodable: the body is not JSON or breaks the contract.
        """
        if not self.events:
            raise UnknownType(self.name)
        try:
            return self.adapter.validate_json(value)
        except ValidationError as error:
            faults = error.errors(include_input=False, include_url=False, include_context=False)
            if _only_type_is_wrong(faults):
                raise UnknownType(self.name) from None
            where = "; ".join(f"{'.'.join(map(str, f['loc'])) or 'body'}: {f['type']}" for f in faults[:12])
            raise Undecodable(where) from None

    def config(self) -> dict[str, str]:
        """Return the Kafka topic configuration for the retention."""
        if isinstance(self.kept, ForEver):
            return {"cleanup.policy": "delete", "retention.ms": "-1"}
        config = {"cleanup.policy": "compact"}
        if self.kept.min_lag_days:
            config["min.compaction.lag.ms"] = str(self.kept.min_lag_days * DAY_MS)
        if self.kept.max_lag_days:
            config["max.compaction.lag.ms"] = str(self.kept.max_lag_days * DAY_MS)
        return config


def _only_type_is_wrong(faults: list[Any]) -> bool:
    wrong_tag = {"union_tag_invalid"}
    return bool(faults) and (
        faults[0]["type"] in wrong_tag or any(f["loc"] == ("type",) and f["type"] == "literal_error" for f in faults)
    )


def group(service: Service) -> str:
    """Return the consumer group of a service."""
    return f"{PREFIX}.{service}"


def _site(event: Event) -> str:
    return partition_key(event.provider_id, event.site_id)


def _registered(event: Event) -> str:
    key = partition_key(event.provider_id, event.site_id)
    if isinstance(event, intake.AssetRegistered | intake.AssetChanged):
        return f"{key}:asset:{event.subject()}"
    return f"{key}:role:{event.subject()}" if isinstance(event, intake.RoleHoldersChanged) else key


def _report(event: Event) -> str:
    return f"{partition_key(event.provider_id, event.site_id)}:{event.subject()}"


def _row(event: Event) -> str:
    return event.subject()


SITES = Topic(
    aggregate="sites",
    producer="intake",
    consumers=("classifier", "actions", "reporting"),
    events=(
        intake.ProviderRegistered,
        intake.SiteRegistered,
        intake.SiteChanged,
        intake.SiteClosed,
        intake.AssetRegistered,
        intake.AssetChanged,
        intake.RoleHoldersChanged,
    ),
    key_shape="provider:site, provider:site:asset:id, provider:site:role:role (* for the provider itself)",
    key=_registered,
    kept=Compacted(),
    trust="operator",
    purpose="The registry: providers, sites with their dated history, assets, and who holds which role.",
)
REPORTS = Topic(
    aggregate="reports",
    producer="intake",
    consumers=("classifier", "actions", "reporting"),
    events=(
        intake.ReportReceived,
        intake.ReportAmended,
        intake.ReportWithdrawn,
        intake.ReportRedactionCorrected,
        intake.ReportErased,
    ),
    key_shape="provider:site:report",
    key=_report,
    kept=Compacted(min_lag_days=1, max_lag_days=7),
    trust="operator",
    purpose="The state of each report; its text is already redacted.",
    beside=(
        f"one record a day on each partition, with the key `{MARKER_KEY.decode()}`. It has no headers, and its "
        "value is a bare date such as `2026-03-04`, not JSON. It lets a quiet segment roll, so that "
        "what was erased goes in time. Pass it over by its key before decoding."
    ),
)
DIALOGUE = Topic(
    aggregate="dialogue",
    producer="intake",
    consumers=("actions", "reporting"),
    events=(
        dialogue.ReportTriaged,
        dialogue.QuestionAsked,
        dialogue.AnswerGiven,
        dialogue.FeedbackSent,
        dialogue.FeedbackSeen,
        dialogue.DuplicateSuggested,
        dialogue.DuplicateDecided,
        dialogue.ReportReleased,
        dialogue.ReportClosed,
        dialogue.PulseAnswered,
    ),
    key_shape="provider:site",
    key=_site,
    kept=ForEver(),
    trust="operator",
    purpose="What was said between reviewers and reporters: facts and times, never the words.",
)
EXPOSURE = Topic(
    aggregate="exposure",
    producer="intake",
    consumers=("actions", "reporting"),
    events=(intake.ExposureRecorded,),
    key_shape="provider:site",
    key=_site,
    kept=ForEver(),
    trust="operator",
    purpose="Care delivered per site and period: the denominators of every rate.",
)
CLASSIFICATIONS = Topic(
    aggregate="classifications",
    producer="classifier",
    consumers=("intake", "actions", "reporting"),
    events=(classifier.ReportClassified, classifier.ClassificationCorrected),
    key_shape="provider:site",
    key=_site,
    kept=ForEver(),
    trust="operator",
    purpose="What the model said of each report, and what people said instead.",
)
SIGNALS = Topic(
    aggregate="signals",
    producer="actions",
    consumers=("reporting",),
    events=(
        actions.SignalRaised,
        actions.SignalUpdated,
        actions.SignalReviewed,
        actions.SignalClosed,
        cards.CardRaised,
        cards.CardCleared,
        cards.LimitsRebased,
    ),
    key_shape="provider:site",
    key=_site,
    kept=ForEver(),
    trust="operator",
    purpose="Early warnings as questions, cards of what could have killed, and limits that begin anew.",
)
ACTIONS = Topic(
    aggregate="actions",
    producer="actions",
    consumers=("intake", "reporting"),
    events=(
        actions.ActionProposed,
        actions.ActionChanged,
        actions.ActionAccepted,
        actions.ActionDeclined,
        actions.ActionStepCompleted,
        actions.ActionCompleted,
        actions.ActionStarted,
        actions.ActionVerified,
        actions.ActionReopened,
        actions.RoutineSet,
        actions.OccurrenceDue,
        actions.OccurrenceCompleted,
        actions.OccurrenceMissed,
        effectiveness.EvaluationFixed,
        effectiveness.EffectivenessAssessed,
        escalations.EscalationAdvised,
        escalations.DutyAnswered,
        escalations.EscalationDecided,
        learning.LearningPublished,
        learning.LearningReceived,
        learning.HuddleShared,
        learning.MeetingSigned,
        cards.RepeatAsked,
        cards.RepeatAnswered,
        notifications.NotificationSent,
        notifications.NotificationFailed,
        notifications.NotificationAcknowledged,
        upkeep.AssetStatusChanged,
        upkeep.PersonTold,
        upkeep.ProgrammeAssessed,
    ),
    key_shape="provider:site",
    key=_site,
    kept=ForEver(),
    trust="operator",
    purpose="Tasks, routines, verdicts, duties, repeats, messages, assets, learning, meetings; each event is whole.",
)
VIEWS = Topic(
    aggregate="views",
    producer="reporting",
    consumers=(),
    events=(reporting.SiteDomainWeek,),
    key_shape="row id",
    key=_row,
    kept=Compacted(),
    trust="operator and its BI",
    purpose="Governance views as flat rows for BI; a deleted row is a tombstone. Rows of a provider that "
    "NEARMISS_PROVIDER_TOPICS names also go to its own `<this name>.<provider>`, without what is held from its sites.",
)

TOPICS: tuple[Topic, ...] = (SITES, REPORTS, DIALOGUE, EXPOSURE, CLASSIFICATIONS, SIGNALS, ACTIONS, VIEWS)


def own_views(provider_id: str) -> Topic:
    """Return the views topic that one provider reads alone.

    Args:
        provider_id: The provider.

    Raises:
        ValueError: its id cannot be part of a topic's name.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", provider_id):
        raise ValueError(f"{provider_id!r} cannot be part of a topic's name: letters, digits, _ and - alone")
    purpose = "One provider's governance views; what is held from its sites is not in them."
    return replace(VIEWS, tenant=provider_id, trust="the provider", purpose=purpose)


def outputs_of(service: Service, providers: Sequence[str] = ()) -> tuple[Topic, ...]:
    """Return the topics that a service publishes, in registry order.

    Args:
        service: The producer.
        providers: Those with a views topic of their own.
    """
    own = map(own_views, providers) if service == VIEWS.producer else ()
    return (*(topic for topic in TOPICS if topic.producer == service), *own)


def inputs_of(service: Service) -> tuple[Topic, ...]:
    """Return the topics that a service consumes, in registry order."""
    return tuple(topic for topic in TOPICS if service in topic.consumers)
