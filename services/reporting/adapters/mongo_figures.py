"""Sums over reports and weeks for the views that compare: from the panel in memory, inside the reader's reach."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from services.reporting.adapters import documents as doc
from services.reporting.adapters.panel_rows import DISRUPTION_FIELDS, disruption_of
from services.reporting.adapters.panels import Panels
from services.reporting.adapters.queries import Query, report_query, within
from services.reporting.adapters.remembered import Remembered
from services.reporting.adapters.shelves import LiveShelf
from services.reporting.domain import sums
from services.reporting.domain.buckets import Counts
from services.reporting.domain.columns import Places
from services.reporting.domain.continuity import Disruption, Lost, PlanTallies
from services.reporting.domain.escalations import Escalations
from services.reporting.domain.heard import Heard, HeardAgain, heard
from services.reporting.domain.heat import Windows
from services.reporting.domain.overview import WEEK, Week
from services.reporting.domain.packs import Tally
from services.reporting.domain.panel import OPEN, OWED, PLAN_FAILED, REVIEW, Panel
from services.reporting.domain.pulse import Answers
from services.reporting.domain.reading import ANY_KIND, ReportFilter, Span
from services.reporting.domain.rollups import Totals
from services.reporting.domain.site_weeks import SiteWeeks
from services.reporting.domain.states import PULSE
from services.reporting.domain.windows import windows_of
from services.reporting.ports import Reach
from shared.runtime.mongo import translate

STAFF = "staff_on_roll"


class MongoFigures:
    """Implements `ports.Figures`.

    Args:
        shelf: The live views.
        panels: Reports and care in memory.
        remembered: What was counted before.
    """

    def __init__(self, shelf: LiveShelf, panels: Panels, remembered: Remembered) -> None:
        self._db = shelf
        self._panels = panels
        self._remembered = remembered
        self._heard = HeardAgain()

    async def _lines(self, collection: str, stages: Sequence[Query]) -> list[dict[str, Any]]:
        return await translate(self._db[collection].aggregate(list(stages)).to_list(None))

    async def voices(self, reach: Reach, site_id: str | None, span: Span) -> Heard:
        """Return what the reports of each site say about reporting itself, and of all together."""

        async def count() -> Heard:
            panel = await self._panels.of(reach)
            told = _told(panel, reach, site_id, span)
            whole = reach.sites is None and site_id is None
            return self._heard.of(panel, told, (reach.held, span)) if whole else heard(panel, told)

        return await self._remembered.of("voices", reach, (site_id, span), count)

    async def domain_counts(self, reach: Reach, site_id: str | None, span: Span) -> dict[str, dict[str, int]]:
        """Return how many reports each domain has, by site."""
        panel = await self._panels.of(reach)
        return sums.domains_by_site(panel, _told(panel, reach, site_id, span))

    async def counts(self, reach: Reach, first: date | None, last: date | None) -> dict[str, Counts]:
        """Return the sums of reports over weeks that begin between two days, by site."""
        panel = await self._panels.of(reach)
        return sums.counts_by_site(panel, panel.told(reach.sites, reach.held, first, last))

    async def count_reports(self, reach: Reach, wanted: ReportFilter) -> int:
        """Count all reports in reach that fit, whatever the page; those named one by one are found where they lie."""
        if wanted.report_ids is not None:
            return int(await translate(self._db[doc.FACTS].count_documents(report_query(reach, wanted))))
        panel = await self._panels.of(reach)
        return len(_fitting(panel, reach, wanted))

    async def site_weeks(self, reach: Reach, span: Span) -> SiteWeeks:
        """Return the counts of each site and week."""
        panel = await self._panels.of(reach)
        return sums.site_weeks(panel, _told(panel, reach, None, span), span)

    async def escalations(self, reach: Reach, first: date | None, last: date | None) -> dict[str, Escalations]:
        """Return how many escalations of reports told in weeks between two days were removed, by site."""
        panel = await self._panels.of(reach)
        return sums.escalations_by_site(panel, panel.told(reach.sites, reach.held, first, last))

    async def totals(self, reach: Reach, site_id: str | None, span: Span) -> dict[str, Totals]:
        """Return each site's sums with the care delivered in covered weeks."""

        async def count() -> dict[str, Totals]:
            panel = await self._panels.of(reach)
            return sums.totals_by_site(panel, _told(panel, reach, site_id, span), _care(panel, reach, site_id, span))

        return await self._remembered.of("totals", reach, (site_id, span), count)

    async def weeks(self, reach: Reach, site_id: str | None, domain: str, span: Span) -> list[Week]:
        """Return the weeks with anything to tell, sites added up; exposure where one unit covers all of them."""
        panel = await self._panels.of(reach)
        told = _told(panel, reach, site_id, span)
        return sums.weeks_of(panel, told, panel.of_domain(told, domain), _care(panel, reach, site_id, span))

    async def days(
        self, reach: Reach, site_id: str | None, domain: str, span: Span, near_misses_only: bool
    ) -> list[date]:
        """Return the days in England on which reports were told, one for each report, in order."""
        panel = await self._panels.of(reach)
        told = panel.of_domain(_told(panel, reach, site_id, span), domain)
        return sums.days_of(panel, sums.near_misses(panel, told) if near_misses_only else told)

    async def windows(
        self, reach: Reach, site_ids: Sequence[str], before: Span, recent: Span, group_of: Mapping[str, str]
    ) -> dict[str, Windows]:
        """Return each site's counts and exposure in a recent window and before it."""
        panel, span, named = await self._panels.of(reach), Span(before.first, recent.last), _named(reach, site_ids)
        told = panel.told(named, reach.held, span.first, span.last)
        care = panel.delivered(named, span.first, span.last)
        return windows_of(panel, told, care, site_ids, before, recent, group_of)

    async def tallies(self, reach: Reach, site_ids: Sequence[str], span: Span) -> list[Tally]:
        """Return how many reports of each site and week have which domains and class."""
        panel = await self._panels.of(reach)
        return sums.tallies_of(panel, panel.told(_named(reach, site_ids), reach.held, span.first, span.last))

    async def late(self, reach: Reach, site_ids: Sequence[str], span: Span, after: datetime) -> int:
        """Count the reports of a period that reached us after a moment."""
        query = report_query(reach, ReportFilter(first=span.first, last=span.last))
        query["site"] = {"$in": sorted(_named(reach, site_ids))}
        return int(await translate(self._db[doc.FACTS].count_documents(query | {"report.received_at": {"$gt": after}})))

    async def losses(self, reach: Reach, site_id: str | None, span: Span) -> tuple[list[Lost], PlanTallies]:
        """Return what the disruptions told in a period cost, by site and kind, and how plans did."""
        panel = await self._panels.of(reach)
        told = sums.disrupted(panel, _told(panel, reach, site_id, span))
        return sums.losses(panel, told), sums.plan_tallies(panel, told)

    async def failed_plans(self, reach: Reach, site_id: str | None, span: Span) -> list[Disruption]:
        """Return the disruptions told in a period whose plan did not work."""
        panel = await self._panels.of(reach)
        told = sums.disrupted(panel, _told(panel, reach, site_id, span))
        return await self._followed(reach, panel, told[panel.numbers("plan", told) == PLAN_FAILED])

    async def open_disruptions(self, reach: Reach, site_id: str | None) -> list[Disruption]:
        """Return the disruptions that began and are not known to be over."""
        panel = await self._panels.of(reach)
        told = sums.disrupted(panel, panel.told(_within(reach, site_id), reach.held))
        return await self._followed(reach, panel, told[panel.has(told, OPEN)])

    async def _followed(self, reach: Reach, panel: Panel, told: Places) -> list[Disruption]:
        keys = panel.reports["key"][told].tolist()
        ids = [panel.followed[key] for key in keys if key in panel.followed]
        query = report_query(reach, ReportFilter()) | {"_id": {"$in": ids}, "disruption": {"$exists": True}}
        cursor = self._db[doc.FACTS].find(query, DISRUPTION_FIELDS)
        return [disruption_of(document) for document in await translate(cursor.to_list(None))] if ids else []

    async def pulses(self, reach: Reach, site_id: str | None, span: Span) -> dict[str, Answers]:
        """Return how often each question of the pulse was answered how, by site."""
        days = {"$gte": span.first.isoformat(), "$lt": (span.last + WEEK).isoformat()}
        key = {"site": "$site", "question": "$body.replies.question", "answer": "$body.replies.answer"}
        stages: list[Query] = [
            {"$match": within(reach, site_id) | {"body.day": days}},
            {"$unwind": "$body.replies"},
            {"$group": {"_id": key, "number": {"$sum": 1}}},
        ]
        found: dict[str, Answers] = defaultdict(Answers)
        for line in await self._lines(PULSE, stages):
            told = line["_id"]
            found[told["site"]] += Answers({(told["question"], told["answer"]): line["number"]})
        return dict(found)

    async def staff_on_roll(self, reach: Reach, last: date) -> dict[str, float]:
        """Return the newest number of staff employed that was told up to a week, by site."""
        return await self._remembered.of("staff", reach, last, lambda: self._staff_on_roll(reach, last))

    async def _staff_on_roll(self, reach: Reach, last: date) -> dict[str, float]:
        query = within(reach) | {"unit": STAFF, "start": {"$lte": (last + WEEK).isoformat()}}
        stages: list[Query] = [
            {"$match": query},
            {"$sort": {"start": 1}},
            {"$group": {"_id": "$site", "value": {"$last": "$value"}}},
        ]
        return {line["_id"]: line["value"] for line in await self._lines(doc.EXPOSURE, stages)}


def _named(reach: Reach, site_ids: Sequence[str]) -> frozenset[str]:
    return frozenset(site for site in site_ids if reach.sites is None or site in reach.sites)


def _within(reach: Reach, site_id: str | None) -> frozenset[str] | None:
    return reach.sites if site_id is None else _named(reach, [site_id])


def _told(panel: Panel, reach: Reach, site_id: str | None, span: Span) -> Places:
    return panel.told(_within(reach, site_id), reach.held, span.first, span.last)


def _care(panel: Panel, reach: Reach, site_id: str | None, span: Span) -> Places:
    return panel.delivered(_within(reach, site_id), span.first, span.last)


def _fitting(panel: Panel, reach: Reach, wanted: ReportFilter) -> Places:
    """Return the places of the reports that fit; whichever is asked for together holds together."""
    told = panel.told(_within(reach, wanted.site_id), reach.held, wanted.first, wanted.last)
    if wanted.domain is not None:
        told = panel.of_domain(told, wanted.domain)
    if wanted.classes:
        told = panel.of_classes(told, wanted.classes)
    if wanted.needs_review:
        told = told[panel.has(told, REVIEW)]
    if wanted.feedback_owed:
        told = told[panel.has(told, OWED)]
    if wanted.disruption is not None:
        told = sums.disrupted(panel, told, None if wanted.disruption == ANY_KIND else wanted.disruption)
    return told
