"""Rows as a Parquet file in pieces: one row group in memory at a time, however long the table is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from services.reporting.domain.exports import Column, Table

ROWS_IN_A_GROUP = 10_000
TYPES: Final[Mapping[str, Any]] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "day": pa.date32(),
    "moment": pa.timestamp("ms", tz="UTC"),
}


class _Sink:
    """A file that only grows at its end: Parquet writes forwards and puts its index last."""

    def __init__(self) -> None:
        self._written = bytearray()
        self._total = 0
        self.closed = False

    def write(self, data: bytes) -> int:
        self._written += data
        self._total += len(data)
        return len(data)

    def tell(self) -> int:
        return self._total

    def flush(self) -> None:
        """There is nothing behind it to be flushed to."""

    def close(self) -> None:
        self.closed = True

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        data, self._written = bytes(self._written), bytearray()
        return data


def schema_of(table: Table, columns: Sequence[Column]) -> pa.Schema:
    """Return the table's schema, with the meaning of each column and what must not be done in its metadata."""
    fields = [pa.field(c.name, TYPES[c.kind], metadata={"meaning": c.meaning}) for c in columns]
    about = {"table": table.name, "meaning": table.meaning, "key": ",".join(table.key)}
    if table.caution:
        about["caution"] = table.caution
    return pa.schema(fields, metadata=about)


async def parquet(
    table: Table, columns: Sequence[Column], rows: AsyncIterator[Mapping[str, Any]]
) -> AsyncIterator[bytes]:
    """Yield a Parquet file in pieces.

    Args:
        table: What it holds.
        columns: Its columns in order.
        rows: Its rows; a column that a row lacks is null.
    """
    schema, sink = schema_of(table, columns), _Sink()
    writer = pq.ParquetWriter(sink, schema, compression="zstd")
    some: list[Mapping[str, Any]] = []
    async for row in rows:
        some.append(row)
        if len(some) == ROWS_IN_A_GROUP:
            await asyncio.to_thread(_write, writer, schema, some)
            some = []
            yield sink.taken()
    if some:
        await asyncio.to_thread(_write, writer, schema, some)
    await asyncio.to_thread(writer.close)
    yield sink.taken()


def _write(writer: Any, schema: pa.Schema, rows: Sequence[Mapping[str, Any]]) -> None:
    arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    writer.write_batch(pa.record_batch(arrays, schema=schema))
