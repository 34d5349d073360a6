"""Imports over HTTP: NDJSON or CSV of any length, read as a stream, answered line by line, in constant memory."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from typing import IO, Annotated, Literal

import orjson
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from services.intake.domain.columns import REPORT_COLUMNS, REPORT_REQUIRED, check_heading, column_of, unflatten
from services.intake.domain.lines import CsvRecords, Line, Lines, Record
from services.intake.routes.reports import PROBLEMS, IdempotencyKey, Provider, Sender
from services.intake.routes.tables import RECORD_MAX_BYTES, why_not_a_row
from services.intake.routes.wire import ReportSubmission, submission_faults
from services.intake.usecases.imports import Account, Imports, ParsedLine
from services.intake.usecases.settling import Outcome
from shared.kernel.errors import Fault, Forbidden, Invalid
from shared.kernel.principal import Role

IN_MEMORY_BYTES = 1_000_000
NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
_EXAMPLE = (
    '{"site_id":"elm-house","text":"Hoist 3 beeped and stopped, used hoist 1.","occurred_at":"2025-11-03T07:40"}\n'
    '{"site_id":"elm-house","text":"Side gate found open at 22:00.","worry":2}\n'
)
_CSV_EXAMPLE = "site_id,text,occurred_at,worry\nelm-house,Side gate found open at 22:00.,2025-11-03T22:00,2\n"


def import_routes(imports: Imports) -> APIRouter:
    """Build the route.

    Args:
        imports: Takes lines in.
    """
    router = APIRouter(prefix="/v1", tags=["reports"], responses=PROBLEMS)

    @router.post(
        "/reports:import",
        summary="Send many reports",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    NDJSON_TYPES[0]: {"schema": {"type": "string"}, "example": _EXAMPLE},
                    "text/csv": {"schema": {"type": "string"}, "example": _CSV_EXAMPLE},
                },
            }
        },
    )
    async def import_reports(
        request: Request,
        principal: Sender,
        origin: Annotated[
            Literal["backfill", "live"] | None, Query(description="how lines came that do not say it themselves")
        ] = None,
        replay: Annotated[bool, Query(description="history counts from when it was told; operators only")] = False,
        provider_id: Provider = None,
        idempotency_key: IdempotencyKey = None,
    ) -> StreamingResponse:
        """Take in one report per line; a broken line is refused with its number and stops no other.

        Lines are numbered from 1, a CSV heading included. Lines with an external reference may be imported again at
        any time; for the others an Idempotency-Key of the whole import makes sending it again with the same API key
        harmless. The answer counts `lines`, `accepted`, `repeated`, `amended` and `refused`, and lists `reports` and
        `errors` by line.
        """
        if replay and Role.OPERATOR not in principal.roles:
            raise Forbidden("replay needs the role operator: it dates reports in the past")
        reader = _reader(request)
        lines = reader.lines(request, provider_id, origin)
        answer = _Answer()
        try:
            account = await imports.run(principal, lines, idempotency_key, replay, answer.note)
        except BaseException:
            answer.close()
            raise
        return StreamingResponse(answer.json(account), media_type="application/json")

    return router


class _Answer:
    """The answer's two lists, kept on disk beyond a megabyte so that memory stays flat."""

    def __init__(self) -> None:
        self._reports: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `json`
        self._errors: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 - closed by `json`

    def note(self, line: int, what: Outcome | tuple[Fault, ...]) -> None:
        """Write down what became of a line."""
        if isinstance(what, Outcome):
            _append(self._reports, {"line": line, "report_id": what.report_id, "status": what.status})
            return
        for fault in what:
            _append(self._errors, {"line": line, "field": fault.field, "detail": fault.detail})

    def json(self, account: Account) -> Iterator[bytes]:
        """Give the answer piece by piece and let go of the files."""
        try:
            said = account.outcomes
            counts = {name: said[name] for name in ("accepted", "repeated", "amended", "refused")}
            yield orjson.dumps({"lines": account.lines, **counts})[:-1] + b',"reports":['
            yield from _pieces(self._reports)
            yield b'],"errors":['
            yield from _pieces(self._errors)
            yield b"]}"
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the files."""
        self._reports.close()
        self._errors.close()


def _append(file: IO[bytes], entry: dict[str, object]) -> None:
    file.write((b"," if file.tell() else b"") + orjson.dumps(entry))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(65_536):
        yield piece


class _Ndjson:
    """Reads one JSON object per line; empty lines are passed over."""

    async def lines(self, request: Request, provider_id: str | None, origin: str | None) -> AsyncIterator[ParsedLine]:
        """Give each line as a submission or its faults."""
        async for line in _lines(request):
            if line.data is None:
                fault = Fault(f"the line is over {RECORD_MAX_BYTES} bytes", None, line.number)
                yield ParsedLine(line.number, None, (fault,))
            elif line.data.strip():
                yield _parsed(line.number, line.data, provider_id, origin)


class _Csv:
    """Reads one record per row under a heading of flat column names."""

    async def lines(self, request: Request, provider_id: str | None, origin: str | None) -> AsyncIterator[ParsedLine]:
        """Give each record as a submission or its faults.

        Raises:
            Invalid: the heading lacks a column or has an unknown one; nothing was taken.
        """
        columns: tuple[str, ...] = ()
        async for record in _records(request):
            if columns:
                yield _row(record, columns, provider_id, origin)
            elif record.fault:
                raise Invalid("the table has no heading; nothing was taken", (Fault(record.fault, None, 1),))
            else:
                columns = check_heading(record.cells, REPORT_REQUIRED, REPORT_COLUMNS)
        if not columns:
            raise Invalid("the table has no heading; nothing was taken", (Fault("the body is empty", None, 1),))


def _reader(request: Request) -> _Ndjson | _Csv:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in NDJSON_TYPES:
        return _Ndjson()
    if media_type == "text/csv":
        return _Csv()
    raise HTTPException(415, f"Content-Type must be {NDJSON_TYPES[0]} or text/csv")


async def _lines(request: Request) -> AsyncIterator[Line]:
    lines = Lines(RECORD_MAX_BYTES)
    try:
        async for chunk in request.stream():
            for line in lines.feed(chunk):
                yield line
    except ClientDisconnect:
        return  # the whole lines that came are taken; half a line is not, and nobody waits for the answer
    for line in lines.finish():
        yield line


async def _records(request: Request) -> AsyncIterator[Record]:
    joined = CsvRecords(RECORD_MAX_BYTES)
    async for line in _lines(request):
        for record in joined.feed(line):
            yield record
    for record in joined.finish():
        yield record


def _parsed(number: int, data: bytes, provider_id: str | None, origin: str | None) -> ParsedLine:
    try:
        body = ReportSubmission.model_validate_json(data)
    except ValidationError as error:
        return ParsedLine(number, None, submission_faults(error, number))
    return ParsedLine(number, body.to_domain(provider_id, origin))


def _row(record: Record, columns: tuple[str, ...], provider_id: str | None, origin: str | None) -> ParsedLine:
    fault = record.fault or why_not_a_row(record, columns)
    if fault:
        return ParsedLine(record.number, None, (Fault(fault, None, record.number),))
    try:
        body = ReportSubmission.model_validate(unflatten(dict(zip(columns, record.cells, strict=True))))
    except ValidationError as error:
        faults = submission_faults(error, record.number)
        named = tuple(Fault(one.detail, column_of(one.field), one.line) for one in faults)
        return ParsedLine(record.number, None, named)
    return ParsedLine(record.number, body.to_domain(provider_id, origin))
