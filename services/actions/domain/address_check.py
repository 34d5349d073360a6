"""Client addresses against a reference file: by UPRN, else by normalised address and postcode, near ones apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, Literal

from services.actions.domain.address_records import AddressRow
from shared.kernel.errors import Fault, Invalid

NEIGHBOURS_MAX: Final = 200
"""A postcode has about a hundred addresses at most; far more in one is no postcode file."""
NEAR_FROM: Final = 0.8
"""Likeness (Ratcliff and Obershelp, 0 to 1) from which two addresses of one postcode may be the same; our own."""
Verdict = Literal["differs", "near", "not_found", "postcode_invalid"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that does not agree with the reference; shown once and never kept.

    Attributes:
        line: The record's line in the file.
        key: The client's id.
        verdict: differs (same UPRN, other address), near (somebody must look), not_found, or postcode_invalid.
        recorded: What the record says.
        reference: What the reference says; None where nothing is near.
    """

    line: int
    key: str
    verdict: Verdict
    recorded: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found.

    Attributes:
        checked: Records that were compared.
        agree: Those that agree with the reference.
        differences: The others, in order of their lines.
    """

    checked: int
    agree: int
    differences: tuple[Difference, ...]

    def count(self, verdict: Verdict) -> int:
        """Return how many differences there are of a verdict."""
        return sum(difference.verdict == verdict for difference in self.differences)


def compare(records: Sequence[AddressRow], reference: Sequence[AddressRow]) -> Compared:
    """Compare client records with a reference.

    Args:
        records: The clients' addresses.
        reference: Addresses that are known to exist.

    Returns:
        Counts and differences; near matches are differences of their own, never taken as right.

    Raises:
        Invalid: the reference has more addresses of one postcode than there can be.
    """
    by_uprn = {row.uprn: row for row in reference if row.uprn}
    by_postcode: dict[str, list[AddressRow]] = defaultdict(list)
    by_address: dict[str, AddressRow] = {}
    for row in reference:
        by_postcode[row.postcode].append(row)
        if len(by_postcode[row.postcode]) > NEIGHBOURS_MAX:
            fault = Fault(f"has more than {NEIGHBOURS_MAX} addresses of one postcode", "reference", row.line)
            raise Invalid("reference is not what it says", (fault,))
        by_address.setdefault(row.plain, row)
    differences = []
    for record in records:
        known = by_uprn.get(record.uprn) if record.uprn else None
        found = _against(record, known, by_postcode.get(record.postcode, []), by_address.get(record.plain))
        if found is not None:
            differences.append(found)
    return Compared(len(records), len(records) - len(differences), tuple(differences))


def _against(
    record: AddressRow, known: AddressRow | None, neighbours: Sequence[AddressRow], elsewhere: AddressRow | None
) -> Difference | None:
    if known is not None:
        same = (known.plain, known.postcode) == (record.plain, record.postcode)
        return None if same else _difference(record, "differs", known)
    if any(row.plain == record.plain for row in neighbours):
        return None
    near = _nearest(record, neighbours) or elsewhere
    if near is not None:
        return _difference(record, "near", near)
    return _difference(record, "not_found" if record.postcode_valid else "postcode_invalid", None)


def _nearest(record: AddressRow, neighbours: Sequence[AddressRow]) -> AddressRow | None:
    """Return the reference address of the same postcode that is most like the record, if any is like it enough."""
    matcher = SequenceMatcher(b=record.plain, autojunk=False)
    best, best_ratio = None, NEAR_FROM
    for row in neighbours:
        matcher.set_seq1(row.plain)
        if matcher.quick_ratio() >= best_ratio and (ratio := matcher.ratio()) >= best_ratio:
            best, best_ratio = row, ratio
    return best


def _difference(record: AddressRow, verdict: Verdict, reference: AddressRow | None) -> Difference:
    shown = None if reference is None else f"{reference.address}, {reference.postcode}"
    return Difference(record.line, record.key, verdict, f"{record.address}, {record.postcode}", shown)
