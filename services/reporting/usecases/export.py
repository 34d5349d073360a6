"""Stream one table of the star: whole, changed since a token, or as it stood at a moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from services.reporting.domain import exports
from services.reporting.domain.exports import Row, Table
from services.reporting.domain.reading import BucketFilter, ReportFilter
from services.reporting.domain.states import ACTION, EVALUATION, SIGNAL
from services.reporting.ports import ExportSource, Views
from services.reporting.usecases.access import Access
from shared.kernel.errors import Fault, Invalid

KIND_OF = {"fact_action": ACTION, "fact_verdict": EVALUATION, "fact_signal": SIGNAL}
INCREMENTAL = frozenset({"fact_report", "bridge_report_domain", *KIND_OF})


@dataclass(frozen=True)
class Asked:
    """What is exported.

    Attributes:
        table: Which table.
        site_id: One site; None for all in reach.
        first: Told in this week (its Monday) or later; None for no bound. Reports and rows only.
        last: Told in this week or earlier.
        since_ms: Only what changed since a token was given out; None for the whole table.
        as_of: As the rows stood then; None for now. Rows of site_domain_week only.
    """

    table: Table
    site_id: str | None = None
    first: date | None = None
    last: date | None = None
    since_ms: int | None = None
    as_of: datetime | None = None


def require_sense(asked: Asked) -> None:
    """Refuse what a table cannot answer.

    Raises:
        Invalid: names the parameter and the tables that can.
    """
    name = asked.table.name
    if asked.since_ms is not None and name not in INCREMENTAL:
        detail = f"only {', '.join(sorted(INCREMENTAL))} are exported by change; take the whole table"
        raise Invalid("this table is not exported by change", (Fault(detail, field="since"),))
    if asked.since_ms is not None and (asked.first is not None or asked.last is not None):
        raise Invalid("changes are not cut by period", (Fault("leave out from and to", field="since"),))
    if asked.as_of is not None and name != exports.WEEK_TABLE.name:
        detail = f"only {exports.WEEK_TABLE.name} is kept as it stood at a moment"
        raise Invalid("this table is not kept as of a moment", (Fault(detail, field="as_of"),))


async def rows_of(
    asked: Asked, source: ExportSource, views: Views, access: Access, domains: tuple[Mapping[str, str], ...]
) -> AsyncIterator[Row]:
    """Iterate over the rows of a table, in constant memory.

    Args:
        asked: What is exported.
        source: Where facts and states are streamed from.
        views: Where sites and buckets are read.
        access: What the reader may see.
        domains: Rows of dim_domain: they are data, not views.
    """
    name = asked.table.name
    if name in KIND_OF:
        async for state in source.states(KIND_OF[name], access, asked.site_id, asked.since_ms):
            yield exports.state_row(asked.table, state)
    elif name in (exports.REPORT.name, exports.REPORT_DOMAIN.name):
        async for row in _report_rows(asked, source, access):
            yield row
    elif name == exports.WEEK_TABLE.name:
        async for row in _week_rows(asked, source, views, access):
            yield row
    else:
        for row in await _dimension(asked, source, views, access, domains):
            yield row


async def _dimension(
    asked: Asked, source: ExportSource, views: Views, access: Access, domains: tuple[Mapping[str, str], ...]
) -> list[Row]:
    if asked.table is exports.SITE:
        sites = [site for site in await views.sites(access) if asked.site_id in (None, site.site_id)]
        return [row for site in sites for row in exports.site_rows(site)]
    if asked.table is exports.CALENDAR:
        days = await source.report_days(access)
        return list(exports.calendar_rows(*days)) if days else []
    return [dict(domain) for domain in domains]


async def _report_rows(asked: Asked, source: ExportSource, access: Access) -> AsyncIterator[Row]:
    wanted = ReportFilter(site_id=asked.site_id, first=asked.first, last=asked.last)
    async for fact in source.facts(access, wanted, asked.since_ms):
        if asked.table is exports.REPORT:
            yield exports.report_row(fact)
        else:
            for row in exports.report_domain_rows(fact, changed=asked.since_ms is not None):
                yield row


async def _week_rows(asked: Asked, source: ExportSource, views: Views, access: Access) -> AsyncIterator[Row]:
    wanted = BucketFilter(site_id=asked.site_id, first=asked.first, last=asked.last)
    buckets = (
        views.buckets(access, wanted)
        if asked.as_of is None
        else source.rows_as_of(access, asked.site_id, asked.first, asked.last, asked.as_of)
    )
    async for bucket in buckets:
        yield exports.week_row(bucket, access.held)
