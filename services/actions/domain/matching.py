"""When a playbook is called for: its pattern over a site's reports; nothing about what a task then goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from services.actions.domain.facts import Evidence
from services.actions.domain.tasks import PROPOSED, Task
from shared.taxonomy.model import PlaybookPattern


@dataclass(frozen=True, slots=True)
class Match:
    """A pattern that was met.

    Attributes:
        trigger: The report that first made it enough.
        newest: The last report that belongs to it.
        report_ids: All reports that lie in a window that was enough, in the order in which they were told.
    """

    trigger: Evidence
    newest: Evidence
    report_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """What there is already for one playbook at one site.

    Attributes:
        site: The open task that the site sees.
        held: The open task that is held from the site.
        site_closed_at: When the last task that the site saw was completed or declined, or lapsed.
        closed_at: When the last task of all was.
        ordinal: How many there have been.
    """

    site: Task | None = None
    held: Task | None = None
    site_closed_at: datetime | None = None
    closed_at: datetime | None = None
    ordinal: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a match calls for: a new task, more links on an open one, or a held one shown to its site."""

    what: Literal["propose", "link", "reveal"]
    match: Match
    visibility: str
    task: Task | None = None


def matched(pattern: PlaybookPattern, evidence: Sequence[Evidence]) -> Match | None:
    """Look for a pattern in a site's reports, over all windows that end with one of them.

    A window is the `window_days` days up to and with the day on which its last report was told. All
    windows are looked at, so the order in which reports arrived does not matter.

    Args:
        pattern: What to look for.
        evidence: Reports of one site that count, in any order.

    Returns:
        The match, or None where no window holds `min_reports` fitting reports.
    """
    fitting = [report for report in evidence if pattern.fits(report.domains, report.factors)]
    fitting.sort(key=lambda report: (report.reported_at, report.report_id))
    trigger: Evidence | None = None
    linked: list[Evidence] = []
    start = taken = 0
    for index, report in enumerate(fitting):
        while (report.day - fitting[start].day).days >= pattern.window_days:
            start += 1
        if index - start + 1 >= pattern.min_reports:
            trigger = trigger or report
            linked.extend(fitting[max(start, taken) : index + 1])
            taken = index + 1
    if trigger is None:
        return None
    return Match(trigger, linked[-1], tuple(report.report_id for report in linked))


def plan(pattern: PlaybookPattern, evidence: Sequence[Evidence], lanes: Lanes) -> Plan | None:
    """Decide what a site's reports call for, given the tasks that there are.

    What the site may see decides first: held reports are linked only where it takes them to make the
    pattern, and the task is then held too. A held proposal that nobody has acted on is shown to the site
    once the other reports are enough; one that was acted on stays held, for what was written there was
    not written for the site, and the site gets a task of its own.

    Args:
        pattern: The playbook's.
        evidence: Reports of the site that count.
        lanes: The playbook's tasks at the site.

    Returns:
        What to do, or None.
    """
    seen = [report for report in evidence if not report.held and _after(report, lanes.site_closed_at)]
    match = matched(pattern, seen)
    if match is not None and lanes.site is None and lanes.held is not None and lanes.held.status == PROPOSED:
        return Plan("reveal", match, "site", lanes.held)
    if match is not None:
        return Plan("link" if lanes.site else "propose", match, "site", lanes.site)
    if lanes.site is not None:
        return None
    match = matched(pattern, [report for report in evidence if _after(report, lanes.closed_at)])
    if match is None:
        return None
    return Plan("link" if lanes.held else "propose", match, "held", lanes.held)


def _after(report: Evidence, closed_at: datetime | None) -> bool:
    return closed_at is None or report.reported_at > closed_at
