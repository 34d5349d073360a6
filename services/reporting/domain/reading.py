"""What a reader asks for, and one report as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from services.reporting.domain.facts import ReportPart


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
    report_ids: tuple[str, ...] | None = None
    after: tuple[datetime, str] | None = None
    limit: int = 50


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
