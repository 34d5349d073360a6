"""Imports over HTTP: NDJSON, a JSON array or CSV of any length, as a stream, answered line by line."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import IO, Annotated, Any, Literal

import orjson
from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import ValidationError
from starlette.requests import ClientDisconnect

from services.intake.domain.columns import REPORT_COLUMNS, REPORT_REQUIRED, check_heading, column_of, unflatten
from services.intake.domain.json_items import BrokenArray, JsonItems
from services.intake.domain.lines import CsvRecords, Line, Lines, Record
from services.intake.routes.quick_rows import quick_submission
from services.intake.routes.reports import PROBLEMS, IdempotencyKey, Provider, Sender
from services.intake.routes.strict_json import NotJson, parse_json
from services.intake.routes.tables import RECORD_MAX_BYTES, why_not_a_row
from services.intake.routes.wire import ReportSubmission, submission_faults
from services.intake.usecases.imports import Account, Imports, ParsedLine, What
from services.intake.usecases.settling import Outcome
from shared.kernel.errors import Fault, Forbidden, Invalid
from shared.kernel.principal import Role
from shared.runtime.http import PROBLEM

IN_MEMORY_BYTES = 1_000_000
NDJSON_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
Parts = AsyncIterator[Sequence[ParsedLine]]
_EXAMPLE = (
    '{"site_id":"elm-house","text":"Hoist 3 beeped and stopped, used hoist 1.","occurred_at":"2025-11-03T07:40"}\n'
    '{"site_id":"elm-house","text":"Side gate found open at 22:00.","worry":2}\n'
)
_CSV_EXAMPLE = "site_id,text,occurred_at,worry\nelm-house,Side gate found open at 22:00.,2025-11-03T22:00,2\n"
_UNKNOWN_TYPE: dict[str, Any] = {"description": "A media type that is not taken", "content": {PROBLEM: {}}}


def import_routes(imports: Imports) -> APIRouter:
    """Build the route.

    Args:
        imports: Takes lines in.
    """
    router = APIRouter(prefix="/v1", tags=["reports"], responses=PROBLEMS | {415: _UNKNOWN_TYPE})

    @router.post(
        "/reports:import",
        summary="Send many reports",
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    NDJSON_TYPES[0]: {"schema": {"type": "string"}, "example": _EXAMPLE},
                    "application/json": {
                        "schema": {"type": "array", "items": {"$ref": "#/components/schemas/ReportSubmission"}}
                    },
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
        first_line: Annotated[
            int, Query(ge=1, le=10**9, description="number of the first line or item, where a file is sent on")
        ] = 1,
        provider_id: Provider = None,
        idempotency_key: IdempotencyKey = None,
    ) -> StreamingResponse:
        """Take in one report per line; a broken line is refused with its number and stops no other.

        Lines are numbered from 1, a CSV heading included; items of a JSON array too. An import that was cut off is
        resumed by sending it again whole, with the same Idempotency-Key, or from the line that the error named with
        that `first_line` (CSV: the heading first). Lines with an external reference may be imported again at
        any time; for the others an Idempotency-Key of the whole import makes sending it again with the same API key
        harmless. The answer counts `lines`, `accepted`, `repeated`, `amended` and `refused`, and lists `reports` and
        `errors` by line.
        """
        if replay and Role.OPERATOR not in principal.roles:
            raise Forbidden("replay needs the role operator: it dates reports in the past")
        parts = _reader(request).parts(request, provider_id, origin)
        if first_line > 1:
            parts = _numbered(parts, first_line)
        answer = _Answer()
        try:
            account = await imports.run(principal, parts, idempotency_key, replay, answer.note)
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

    def note(self, lines: Sequence[tuple[int, What]]) -> None:
        """Write down what became of some lines."""
        taken = [
            b'{"line":%d,"report_id":"%b","status":"%b"}'
            % (line, what.report_id.encode(), what.status.encode())  # a derived id and a word: nothing to escape
            for line, what in lines
            if isinstance(what, Outcome)
        ]
        if taken:
            _append(self._reports, b",".join(taken))
        if len(taken) == len(lines):
            return
        for line, what in lines:
            if not isinstance(what, Outcome):
                for fault in what:
                    entry = {"line": line, "field": fault.field, "detail": fault.detail}
                    _append(self._errors, orjson.dumps(entry))

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


def _append(file: IO[bytes], entries: bytes) -> None:
    file.write((b"," if file.tell() else b"") + entries)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(65_536):
        yield piece


class _Ndjson:
    """Reads one JSON object per line; empty lines are passed over."""

    async def parts(self, request: Request, provider_id: str | None, origin: str | None) -> Parts:
        """Give the lines as they come, each as a submission or its faults."""
        async for lines in _lines(request):
            yield [
                _parsed(number, data, provider_id, origin) if data is not None else _too_long(number, "line")
                for number, data in lines
                if data is None or data.strip()
            ]


class _JsonArray:
    """Reads the items of one JSON array; a syntax error ends it, since what follows cannot be told apart."""

    async def parts(self, request: Request, provider_id: str | None, origin: str | None) -> Parts:
        """Give the items as they come, each as a submission or its faults.

        Raises:
            Invalid: the body is not a JSON array; says at which byte.
        """
        items = JsonItems(RECORD_MAX_BYTES)
        part: list[ParsedLine] = []
        try:
            async for chunk in request.stream():
                part = []
                for number, data in items.feed(chunk):
                    whole = _item(number, data, items.item_byte, provider_id, origin) if data is not None else None
                    part.append(whole or _too_long(number, "item"))
                yield part
            part = []
            items.finish()
        except BrokenArray as error:
            yield part  # what came whole before it broke is taken
            raise Invalid(f"the body is {error}", (Fault(str(error)),)) from None
        except Invalid:
            yield part
            raise
        except ClientDisconnect:
            return  # the whole items that came are taken, and nobody waits for the answer


def _too_long(number: int, what: str) -> ParsedLine:
    return ParsedLine(number, None, (Fault(f"the {what} is over {RECORD_MAX_BYTES} bytes", None, number),))


def _item(number: int, data: bytes, byte: int, provider_id: str | None, origin: str | None) -> ParsedLine:
    try:
        value = parse_json(data)
    except NotJson as error:
        why = f"not JSON: {error} of the item that begins at byte {byte}"
        raise Invalid("the body is not JSON", (Fault(why, None, number),)) from None
    return _checked(number, value, provider_id, origin)


class _Csv:
    """Reads one record per row under a heading of flat column names."""

    async def parts(self, request: Request, provider_id: str | None, origin: str | None) -> Parts:
        """Give the records as they come, each as a submission or its faults.

        Raises:
            Invalid: the heading lacks a column or has an unknown one; nothing was taken.
        """
        columns: tuple[str, ...] = ()
        async for came in _records(request):
            records = came
            if came and not columns:
                heading, *records = came
                if heading.fault:
                    raise Invalid("the table has no heading; nothing was taken", (Fault(heading.fault, None, 1),))
                columns = check_heading(heading.cells, REPORT_REQUIRED, REPORT_COLUMNS)
            yield [_row(record, columns, provider_id, origin) for record in records]
        if not columns:
            raise Invalid("the table has no heading; nothing was taken", (Fault("the body is empty", None, 1),))


def _reader(request: Request) -> _Ndjson | _Csv | _JsonArray:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in NDJSON_TYPES:
        return _Ndjson()
    if media_type == "text/csv":
        return _Csv()
    if media_type == "application/json":
        return _JsonArray()
    raise HTTPException(415, f"Content-Type must be {NDJSON_TYPES[0]}, application/json or text/csv")


async def _numbered(parts: Parts, first: int) -> Parts:
    """Number lines as in the whole file of which they are the rest; a CSV heading is sent along and counts for none."""
    behind: int | None = None
    async for part in parts:
        if part and behind is None:
            behind = first - part[0].number
        yield [_renumbered(line, line.number + (behind or 0)) for line in part]


def _renumbered(line: ParsedLine, number: int) -> ParsedLine:
    return ParsedLine(number, line.submission, tuple(Fault(f.detail, f.field, number) for f in line.faults))


async def _lines(request: Request) -> AsyncIterator[Iterable[Line]]:
    """Give the lines of each piece of the body as it comes."""
    lines = Lines(RECORD_MAX_BYTES)
    try:
        async for chunk in request.stream():
            yield lines.feed(chunk)
    except ClientDisconnect:
        return  # the whole lines that came are taken; half a line is not, and nobody waits for the answer
    yield lines.finish()


async def _records(request: Request) -> AsyncIterator[Sequence[Record]]:
    joined = CsvRecords(RECORD_MAX_BYTES)
    async for lines in _lines(request):
        yield [record for line in lines for record in joined.feed(line)]
    yield list(joined.finish())


def _parsed(number: int, data: bytes, provider_id: str | None, origin: str | None) -> ParsedLine:
    try:
        value = parse_json(data)
    except NotJson as error:
        return ParsedLine(number, None, (Fault(f"not JSON: {error}", None, number),))
    return _checked(number, value, provider_id, origin)


def _checked(number: int, value: Any, provider_id: str | None, origin: str | None) -> ParsedLine:
    plain = quick_submission(value, provider_id, origin)
    if plain is not None:
        return ParsedLine(number, plain)
    try:
        body = ReportSubmission.model_validate(value)
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
