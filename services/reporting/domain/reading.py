"""What a reader asks for, and one report as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from services.reporting.domain.buckets import COLUMN_OF_CLASS
from services.reporting.domain.facts import DialoguePart, ReportPart

ANY_KIND = "(any)"
"""Stands for every kind of disruption."""


@dataclass(frozen=True)
class BucketFilter:
    """Which buckets; None leaves a condition out.

    Attributes:
        site_id: One site.
        domain: One domain's word.
        first: Weeks from this Monday on.
        last: Weeks up to this Monday, included.
        after: Week, site and domain of the last bucket of the page before.
        limit: At most so many; None for all.
    """

    site_id: str | None = None
    domain: str | None = None
    first: date | None = None
    last: date | None = None
    after: tuple[str, str, str] | None = None
    limit: int | None = None


@dataclass(frozen=True)
class ReportFilter:
    """Which reports; None or empty leaves a condition out.

    Attributes:
        site_id: One site.
        first: Told in this week (its Monday) or later.
        last: Told in this week (its Monday) or earlier.
        domain: A domain's word, (all) or (none).
        classes: Event classes.
        needs_review: Only those whose labels a person should look at.
        feedback_owed: Only those told live whose reporter has not heard back yet.
        disruption: Only those that tell of a disruption of this kind; (any) for all kinds.
        report_ids: Only these.
        after: Moment and id of the last report of the page before.
        limit: At most so many.
    """

    site_id: str | None = None
    first: date | None = None
    last: date | None = None
    domain: str | None = None
    classes: tuple[str, ...] = ()
    needs_review: bool = False
    feedback_owed: bool = False
    disruption: str | None = None
    report_ids: tuple[str, ...] | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 50

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the rows of sites, domains and weeks that say how many fit; none where facts must."""
        same = {name: getattr(self, name) for name in ("site_id", "first", "last", "domain", "after", "limit")}
        narrower = ReportFilter(classes=self.classes, needs_review=self.needs_review, **same) != self
        if narrower or (self.classes and self.needs_review):
            return ()
        if not self.classes:
            return ("needs_review" if self.needs_review else "reports",)
        of_class = {COLUMN_OF_CLASS.get(name) for name in self.classes}
        whole = all(of_class.isdisjoint({column}) or name in self.classes for name, column in COLUMN_OF_CLASS.items())
        return tuple(sorted(column for column in of_class if column)) if whole and None not in of_class else ()


@dataclass(frozen=True)
class StateFilter:
    """Which signals, actions, duties or other states; None leaves a condition out.

    Attributes:
        site_id: One site.
        status: The owner's word, or "open" for those that still ask something.
        after: Id of the last one of the page before.
        limit: At most so many; None for all.
        report_id: Only what names this report.
        since: Only what was judged, completed or published on this day or later, whichever its kind can be.
        action_ids: Only what is about these actions.
        state_ids: Only these.
        fields: Only these fields of the body are read; None reads all. What stands in for evidence is then not in it.
    """

    site_id: str | None = None
    status: str | None = None
    after: str | None = None
    limit: int | None = 1_000
    report_id: str | None = None
    since: date | None = None
    action_ids: tuple[str, ...] | None = None
    state_ids: tuple[str, ...] | None = None
    fields: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Span:
    """From one Monday to another, both weeks included."""

    first: date
    last: date

    @property
    def weeks(self) -> int:
        """Return how many weeks it has."""
        return (self.last - self.first).days // 7 + 1


@dataclass(frozen=True)
class Entry:
    """One report in a list, with its effective labels.

    Attributes:
        report_id: Its id.
        site_id: Its site.
        report: What was told.
        domains: Its domains; empty while unclassified.
        primary_domain: The one it is foremost about.
        event_class: Its class; UNKNOWN while unclassified.
        held: Whether it is held from its site.
        needs_review: Whether a person should look at its labels.
        corrected: Whether a person decided any label.
        dialogue: What passed between reviewers and the reporter.
    """

    report_id: str
    site_id: str
    report: ReportPart
    domains: tuple[str, ...]
    primary_domain: str | None
    event_class: str
    held: bool
    needs_review: bool
    corrected: bool
    dialogue: DialoguePart = field(default_factory=DialoguePart)
