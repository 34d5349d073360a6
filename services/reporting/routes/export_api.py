"""The HTTP API of exports for BI: the tables of the star as Parquet, CSV or NDJSON, and what their columns mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from services.reporting.domain.exports import DOMAIN, TABLES, Column, Row, Table
from services.reporting.ports import ExportSource, Freshness, Views
from services.reporting.routes import tables
from services.reporting.routes.answers import HEADERS, Conditional, answer
from services.reporting.routes.asked import From, To, Word
from services.reporting.usecases.access import READERS, access_to, require_order, require_site
from services.reporting.usecases.export import INCREMENTAL, Asked, require_sense, rows_of
from shared.kernel.clock import week_start
from shared.kernel.errors import Fault, Invalid, NotFound
from shared.kernel.principal import Principal
from shared.runtime.auth import Allow
from shared.taxonomy.model import Taxonomy

Reader = Annotated[Principal, Depends(Allow(*READERS))]
PARQUET = "application/vnd.apache.parquet"
FORMATS = {"parquet": PARQUET, "csv": tables.CSV, "ndjson": tables.NDJSON}
ParquetWriter = Callable[[Table, Sequence[Column], AsyncIterator[Mapping[str, Any]]], AsyncIterator[bytes]]
Since = Annotated[int | None, Query(ge=0, description="`Change-Token` of the export before: only what changed since.")]
AsOf = Annotated[AwareDatetime | None, Query(description="As the rows stood then; of site_domain_week only.")]


def make_export_api(
    views: Views,
    source: ExportSource,
    freshness: Freshness,
    taxonomy: Taxonomy,
    parquet: ParquetWriter,
) -> APIRouter:
    """Build the routes.

    Args:
        views: Where sites and buckets are read.
        source: Where facts and states are streamed from.
        freshness: How far the views have followed the log.
        taxonomy: The rows of dim_domain.
        parquet: Writes rows as a Parquet file.
    """
    api = ExportApi(views, source, freshness, taxonomy, parquet)
    router = APIRouter(prefix="/v1", tags=["export"], route_class=Conditional)
    router.get("/export")(api.catalogue)
    router.get("/export/{table}")(api.export)
    return router


class ExportApi:
    """The answers to BI tools; arguments as for `make_export_api`."""

    def __init__(
        self,
        views: Views,
        source: ExportSource,
        freshness: Freshness,
        taxonomy: Taxonomy,
        parquet: ParquetWriter,
    ) -> None:
        self._views = views
        self._source = source
        self._freshness = freshness
        self._domains = tuple(domain_rows(taxonomy))
        self._parquet = parquet

    async def catalogue(self, principal: Reader, provider: Word = None) -> Response:
        """Return every table with its columns, types, meanings and cautions, as this reader gets them."""
        access = await access_to(self._views, principal, provider)
        listed = [
            {
                "table": table.name,
                "meaning": table.meaning,
                "key": table.key,
                "caution": table.caution,
                "by_change": table.name in INCREMENTAL,
                "columns": [{"name": c.name, "type": c.kind, "meaning": c.meaning} for c in table.shown(access.text)],
            }
            for table in TABLES.values()
        ]
        return answer(self._freshness, {"provider_id": access.provider_id, "tables": listed, "formats": list(FORMATS)})

    async def export(
        self,
        request: Request,
        principal: Reader,
        table: str,
        provider: Word = None,
        site: Word = None,
        first: From = None,
        last: To = None,
        since: Since = None,
        as_of: AsOf = None,
        form: Annotated[str | None, Query(alias="format")] = None,
    ) -> Response:
        """Stream a table; `Change-Token` of the answer asks for what changed since at the next time."""
        access = await access_to(self._views, principal, provider)
        require_order(first, last)
        await require_site(self._views, access, site)
        asked = _asked(table, site, first, last, since, as_of)
        kind = _media_type(request, form)
        columns = asked.table.shown(access.text)
        rows = rows_of(asked, self._source, self._views, access, self._domains)
        token = await self._source.token()
        content = await _content(kind, asked.table, columns, rows, self._parquet)
        name = f"{access.provider_id}-{table}.{next(word for word, known in FORMATS.items() if known == kind)}"
        headers = HEADERS | {
            "Change-Token": str(token),
            "Content-Disposition": f'attachment; filename="{name}"',
        }
        return StreamingResponse(content, media_type=kind, headers=headers)


def domain_rows(taxonomy: Taxonomy) -> list[Mapping[str, str]]:
    """Return the rows of dim_domain."""
    titles = {group.name: group.title for group in taxonomy.groups}
    names = [column.name for column in DOMAIN.columns]
    return [
        dict(zip(names, (word, d.title, d.group, titles[d.group], taxonomy.version), strict=True))
        for word, d in taxonomy.domains.items()
    ]


def _asked(
    table: str, site: str | None, first: date | None, last: date | None, since: int | None, as_of: datetime | None
) -> Asked:
    if table not in TABLES:
        raise NotFound(f"there is no table {table}; take one of {', '.join(TABLES)}")
    asked = Asked(
        table=TABLES[table],
        site_id=site,
        first=week_start(first) if first else None,
        last=week_start(last) if last else None,
        since_ms=since,
        as_of=as_of,
    )
    require_sense(asked)
    return asked


def _media_type(request: Request, asked: str | None) -> str:
    if asked is not None and asked not in FORMATS:
        raise Invalid("this format is not offered", (Fault("must be parquet, csv or ndjson", field="format"),))
    accept = request.headers.get("accept", "")
    return FORMATS[asked] if asked else next((kind for kind in FORMATS.values() if kind in accept), tables.NDJSON)


async def _content(
    kind: str, table: Table, columns: Sequence[Column], rows: AsyncIterator[Row], parquet: ParquetWriter
) -> AsyncIterator[bytes]:
    if kind == PARQUET:
        return await tables.begun(parquet(table, columns, rows))
    return await tables.stream(kind, _whole(rows, columns), [column.name for column in columns])


async def _whole(rows: AsyncIterator[Row], columns: Sequence[Column]) -> AsyncIterator[Row]:
    """Give every row every column: a row that is gone has only its key."""
    async for row in rows:
        yield {column.name: row.get(column.name) for column in columns}
