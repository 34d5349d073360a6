"""The list of reports behind any number, and one report followed to what came of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.reporting.routes.addresses import reports_address
from services.reporting.routes.api import Reader, report_place
from services.reporting.routes.asked import ReportsAsked, reports_asked
from services.reporting.routes.desk import Desk
from services.reporting.usecases.access import access_to
from services.reporting.usecases.read_reports import follow_report, read_reports, reports_of_action, reports_of_signal

Id = Annotated[str | None, Query(max_length=128)]


def report_pages(desk: Desk) -> APIRouter:
    """Build the routes.

    Args:
        desk: What pages are made with.
    """
    answers = ReportPages(desk)
    router = APIRouter(include_in_schema=False)
    router.get("/providers/{provider_id}/reports")(answers.list)
    router.get("/providers/{provider_id}/reports/{site_id}/{report_id}")(answers.one)
    return router


class ReportPages:
    """The answers.

    Args:
        desk: What they are made with.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def list(
        self,
        principal: Reader,
        provider_id: str,
        asked: Annotated[ReportsAsked, Depends(reports_asked)],
        signal: Id = None,
        action: Id = None,
    ) -> Response:
        """List the reports behind a number, a question or an action."""
        desk = self._desk
        access = await access_to(desk.views, principal, provider_id)
        report_ids, about = None, None
        if signal is not None:
            state, report_ids = await reports_of_signal(desk.views, access, signal)
            about = state.body["question"]
        elif action is not None:
            state, report_ids = await reports_of_action(desk.views, access, action)
            about = state.body["title"]
        found = await read_reports(desk.views, desk.figures, access, asked.wanted(desk.extent.list_rows, report_ids))
        following = asked.query(signal=signal, action=action, after=None)
        if found.more:
            following["after"] = report_place(found.entries[-1])
        return await desk.page(
            "reports.html",
            access,
            "reports",
            asked=asked,
            about=about,
            found=found,
            first_page=reports_address(provider_id, **asked.query(signal=signal, action=action)),
            next_page=reports_address(provider_id, **following) if found.more else None,
            whole_list=reports_address(provider_id),
        )

    async def one(self, principal: Reader, provider_id: str, site_id: str, report_id: str) -> Response:
        """Show one report: what was told, what it counts as, which question and action it led to, and the verdict."""
        access = await access_to(self._desk.views, principal, provider_id)
        followed = await follow_report(self._desk.views, access, site_id, report_id)
        return await self._desk.page("report.html", access, "reports", followed=followed, entry=followed.entry)
