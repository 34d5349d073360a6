"""Addresses out of a CSV text: one row per client or per reference address, each told by its line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.kernel.errors import Fault, Invalid

ROWS_MAX: Final = 20_000
_UPRN: Final = re.compile(r"\d{1,12}")
_POSTCODE: Final = re.compile(
    r"(?:GIR0AA|[A-PR-UWYZ](?:\d[\dA-HJKPSTUW]?|[A-HK-Y]\d[\dABEHMNPRVWXY]?)\d[ABD-HJLNP-UW-Z]{2})"
)
_ABBREVIATED: Final = {
    "rd": "road", "st": "street", "ave": "avenue", "av": "avenue", "ln": "lane", "cl": "close", "ct": "court",
    "dr": "drive", "cres": "crescent", "gdns": "gardens", "pl": "place", "sq": "square", "ter": "terrace",
    "flt": "flat", "apt": "flat", "apartment": "flat", "hse": "house",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AddressRow:
    """One row.

    Attributes:
        line: Its line in the file, 1 for the header.
        key: The client's id in the records, or the line in a reference file.
        uprn: Unique property reference number without leading noughts; None where the row has none.
        address: The address as it stands there.
        plain: The address without postcode in lower case, signs dropped, abbreviations written out.
        postcode: In capitals without blanks; blank where there is none.
    """

    line: int
    key: str
    uprn: str | None
    address: str
    plain: str
    postcode: str

    @property
    def postcode_valid(self) -> bool:
        """Tell whether the postcode has the shape of one (BS 7666)."""
        return bool(_POSTCODE.fullmatch(self.postcode))


def read_addresses(text: str, field: str, *, keyed: bool) -> list[AddressRow]:
    """Read a CSV with a header: address (or address columns), postcode and, where known, uprn.

    Args:
        text: The CSV.
        field: What the file is called in errors.
        keyed: Whether each row needs an `id` of its own, as client records do.

    Returns:
        The rows in order.

    Raises:
        Invalid: it is no such CSV; names line and column, never what stands there.
    """
    if "\x00" in text:
        raise _bad(field, "is no text: it holds a zero byte")
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [name.strip().lower().replace(" ", "_") for name in next(lines, [])]
        columns = _columns(header, field, keyed)
        rows = list(_rows(lines, len(header), columns, field, keyed))
    except csv.Error:
        raise _bad(field, "is no CSV: a quote is not closed or stands in the wrong place", lines.line_num) from None
    if not rows:
        raise _bad(field, "has no row below its header")
    return rows


@dataclass(frozen=True, slots=True)
class _Columns:
    key: int | None
    uprn: int | None
    address: tuple[int, ...]
    postcode: int


def _columns(header: list[str], field: str, keyed: bool) -> _Columns:
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise _bad(field, f"has the column {twice[0][:40]} twice", 1)
    address = tuple(number for number, name in enumerate(header) if name == "address" or name.startswith("address_"))
    missing = [name for name in (("id",) if keyed else ()) if name not in header]
    missing += [] if address else ["address"]
    missing += [] if "postcode" in header else ["postcode"]
    if missing:
        raise _bad(field, f"has no column {', '.join(missing)}: the first line names the columns", 1)
    return _Columns(
        header.index("id") if keyed else None,
        header.index("uprn") if "uprn" in header else None,
        address,
        header.index("postcode"),
    )


def _rows(lines: Iterator[list[str]], width: int, columns: _Columns, field: str, keyed: bool) -> Iterator[AddressRow]:
    seen: set[str] = set()
    for number, cells in enumerate(lines, 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != width:
            raise _bad(field, f"has {len(cells)} cells where the header has {width}", number)
        if len(seen) >= ROWS_MAX:
            raise _bad(field, f"has more than {ROWS_MAX} rows: send it in parts", number)
        row = _row(number, cells, columns, field)
        if not row.key:
            raise _bad(field, "has no id", number)
        if row.key in seen:
            raise _bad(field, "has an id that stands above already", number)
        if not keyed and not row.postcode_valid:
            raise _bad(field, "has a postcode that is none", number)
        seen.add(row.key)
        yield row


def _row(number: int, cells: list[str], columns: _Columns, field: str) -> AddressRow:
    uprn = cells[columns.uprn].strip() if columns.uprn is not None else ""
    if uprn and not _UPRN.fullmatch(uprn):
        raise _bad(field, "has a uprn that is no number of up to 12 digits", number)
    address = ", ".join(cells[column].strip() for column in columns.address if cells[column].strip())
    postcode = re.sub(r"\s+", "", cells[columns.postcode]).upper()
    return AddressRow(
        line=number,
        key=str(number) if columns.key is None else cells[columns.key].strip(),
        uprn=uprn.lstrip("0") or None,
        address=address,
        plain=plain_address(address, postcode),
        postcode=postcode,
    )


def plain_address(address: str, postcode: str) -> str:
    """Write an address so that two spellings of one address are the same.

    Args:
        address: As it stands there.
        postcode: In capitals without blanks; it is dropped where the address repeats it.
    """
    words = re.findall(r"[a-z0-9]+", address.lower().replace("'", ""))
    if postcode:
        joined = postcode.lower()
        for start in range(len(words)):
            if "".join(words[start:]) == joined:
                words = words[:start]
                break
    return " ".join(_ABBREVIATED.get(word, word) for word in words)


def _bad(field: str, detail: str, line: int | None = None) -> Invalid:
    return Invalid(f"{field} is not what it says", (Fault(detail, field, line),))
