"""List the redacted reports behind any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.reporting.domain.reading import Entry, ReportFilter, StateFilter
from services.reporting.domain.states import ACTION, CARD, DUTY, EVALUATION, SIGNAL, State
from services.reporting.ports import Figures, Views
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


@dataclass(frozen=True)
class Followed:
    """One report, and what came of it.

    Attributes:
        entry: The report with its labels.
        cards: Cards that it raised.
        duties: Duties that may follow from it.
        signals: Questions that it is evidence for.
        actions: Actions that it led to.
        verdicts: What these actions are judged by.
    """

    entry: Entry
    cards: Sequence[State]
    duties: Sequence[State]
    signals: Sequence[State]
    actions: Sequence[State]
    verdicts: Sequence[State]


async def follow_report(views: Views, access: Access, site_id: str, report_id: str) -> Followed:
    """Follow one report to what came of it.

    Args:
        views: Where everything is.
        access: What the reader may see.
        site_id: Its site: a report's id is unique within it.
        report_id: Its id.

    Raises:
        NotFound: it is out of reach, unknown, or no longer counts.
    """
    found = await views.reports(access, ReportFilter(site_id=site_id, report_ids=(report_id,), limit=1))
    if not found:
        raise NotFound(f"report {report_id} is not known here")
    naming = StateFilter(site_id, report_id=report_id, limit=None)
    cards, duties, signals, actions = [
        await views.states(kind, access, naming) for kind in (CARD, DUTY, SIGNAL, ACTION)
    ]
    ids = tuple(action.state_id for action in actions)
    about = StateFilter(site_id, limit=None, action_ids=ids)
    verdicts = await views.states(EVALUATION, access, about) if actions else []
    return Followed(found[0], cards, duties, signals, actions, verdicts)


async def read_reports(views: Views, figures: Figures, access: Access, wanted: ReportFilter) -> ReportList:
    """List reports.

    Args:
        views: Where they are.
        figures: Where they are counted.
        access: What the reader may see.
        wanted: Which reports, and how many on a page.

    Raises:
        NotFound: the site is not known to the reader.
        Invalid: the period ends before it starts.
    """
    require_order(wanted.first, wanted.last)
    await require_site(views, access, wanted.site_id)
    entries = await views.reports(access, replace(wanted, limit=wanted.limit + 1))
    total = await figures.count_reports(access, replace(wanted, after=None))
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
