"""What requests ask for, read from their addresses and shared by the API and the pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.reporting.domain.reading import ReportFilter
from services.reporting.routes.tables import read_place
from shared.kernel.clock import week_start
from shared.kernel.errors import Fault, Invalid

Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]
"""A day that care can have been reported on; the calendar's own ends leave no room to count weeks from."""
From = Annotated[Day | None, Query(alias="from", description="First day; weeks count by their Monday.")]
To = Annotated[Day | None, Query(alias="to", description="Last day; weeks count by their Monday.")]
Word = Annotated[str | None, Query(max_length=128)]
Place = Annotated[str | None, Query(max_length=500, description="`next` of the page before.")]


@dataclass(frozen=True)
class ReportsAsked:
    """Which reports a request asks for."""

    site_id: str | None
    first: date | None
    last: date | None
    domain: str | None
    classes: tuple[str, ...]
    needs_review: bool
    after: str | None
    feedback_owed: bool = False
    disruption: str | None = None

    def wanted(self, limit: int, report_ids: tuple[str, ...] | None = None) -> ReportFilter:
        """Return it as the use cases take it.

        Raises:
            Invalid: `after` is not a place of ours.
        """
        return ReportFilter(
            site_id=self.site_id,
            first=self.first,
            last=self.last,
            domain=self.domain,
            classes=self.classes,
            needs_review=self.needs_review,
            feedback_owed=self.feedback_owed,
            disruption=self.disruption,
            report_ids=report_ids,
            after=_place(self.after),
            limit=limit,
        )

    def query(self, **changed: Any) -> dict[str, Any]:
        """Return the parameters that ask for the same again, some of them changed."""
        same = {
            "site": self.site_id,
            "from": self.first,
            "to": self.last,
            "domain": self.domain,
            "class": list(self.classes),
            "review": "true" if self.needs_review else None,
            "owed": "true" if self.feedback_owed else None,
            "disruption": self.disruption,
        }
        return {name: value for name, value in (same | changed).items() if value}


def reports_asked(
    site: Word = None,
    week: Annotated[Day | None, Query(description="A day of the week in which staff told it.")] = None,
    first: From = None,
    last: To = None,
    domain: Word = None,
    event_class: Annotated[list[str] | None, Query(alias="class", max_length=20)] = None,
    review: bool = False,
    owed: bool = False,
    disruption: Word = None,
    after: Place = None,
) -> ReportsAsked:
    """Read which reports are asked for; a dependency of routes.

    Args:
        site: One site.
        week: One week; stands for `from` and `to` together.
        first: From this week on.
        last: Up to this week.
        domain: A domain's word, (all) or (none).
        event_class: Event classes.
        review: Only those whose labels a person should look at.
        owed: Only those whose reporter has not heard back yet.
        disruption: Only those that tell of a disruption of this kind; (any) for all kinds.
        after: Where the page before ended.
    """
    if week is not None:
        first = last = week
    return ReportsAsked(
        site_id=site,
        first=week_start(first) if first else None,
        last=week_start(last) if last else None,
        domain=domain,
        classes=tuple(event_class or ()),
        needs_review=review,
        after=after,
        feedback_owed=owed,
        disruption=disruption,
    )


def _place(after: str | None) -> tuple[datetime, str] | None:
    place = read_place(after, 2)
    if place is None:
        return None
    try:
        moment = datetime.fromisoformat(place[0]).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Invalid("this page does not exist", (Fault("no such place", field="after"),)) from error
    return moment, place[1]
