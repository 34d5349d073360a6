"""List the redacted reports behind any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.reporting.domain.reading import Entry, ReportFilter
from services.reporting.domain.states import State
from services.reporting.ports import Views
from services.reporting.usecases.access import Access, require_order, require_site
from shared.kernel.errors import NotFound


@dataclass(frozen=True)
class ReportList:
    """A page of a list.

    Attributes:
        entries: The reports, newest first.
        total: How many fit in all.
        more: Whether there is another page.
        wanted: What was asked for.
    """

    entries: Sequence[Entry]
    total: int
    more: bool
    wanted: ReportFilter


async def read_reports(views: Views, access: Access, wanted: ReportFilter) -> ReportList:
    """List reports.

    Args:
        views: Where they are.
        access: What the reader may see.
        wanted: Which reports, and how many on a page.

    Raises:
        NotFound: the site is not known to the reader.
        Invalid: the period ends before it starts.
    """
    require_order(wanted.first, wanted.last)
    await require_site(views, access, wanted.site_id)
    entries = await views.reports(access, replace(wanted, limit=wanted.limit + 1))
    total = await views.count_reports(access, replace(wanted, after=None))
    return ReportList(entries[: wanted.limit], total, len(entries) > wanted.limit, wanted)


async def reports_of_signal(views: Views, access: Access, signal_id: str) -> tuple[State, tuple[str, ...]]:
    """Return a signal and the reports that it counts.

    Raises:
        NotFound: it is not known to the reader.
    """
    signal = await views.signal(access, signal_id)
    if signal is None:
        raise NotFound(f"signal {signal_id} is not known here")
    return signal, tuple(signal.body["report_ids"])


async def reports_of_action(views: Views, access: Access, action_id: str) -> tuple[State, tuple[str, ...]]:
    """Return an action and the reports that it was proposed for.

    Raises:
        NotFound: it is not known to the reader.
    """
    action = await views.action(access, action_id)
    if action is None:
        raise NotFound(f"action {action_id} is not known here")
    return action, tuple(action.body["report_ids"])
