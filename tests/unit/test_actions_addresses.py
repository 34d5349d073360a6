"""Client addresses against a reference file; all of them are invented."""

from __future__ import annotations

import pytest

from services.actions.domain.address_check import compare
from services.actions.domain.address_records import plain_address, read_addresses
from shared.kernel.errors import Invalid

REFERENCE = """uprn,address,postcode
100000000001,12 Elm Road,ZE1 0AA
100000000002,14 Elm Road,ZE1 0AA
100000000003,"Flat 2, 9 Harbour Court",ZE2 9XX
"""


def compared(records: str, reference: str = REFERENCE):
    return compare(read_addresses(records, "records", keyed=True), read_addresses(reference, "reference", keyed=False))


def test_records_are_compared_by_uprn_then_by_address_and_postcode():
    """Spelling does not matter; a moved client, a near miss, an unknown and an impossible address are told apart."""
    found = compared(
        "id,uprn,address,postcode\n"
        "c1,100000000001,12 ELM RD.,ze10aa\n"
        "c2,,14 Elm Rd,ZE1 0AA\n"
        "c3,100000000002,12 Elm Road,ZE1 0AA\n"
        "c4,,12a Elm Road,ZE1 0AA\n"
        "c5,,12 Elm Road,ZE3 4QQ\n"
        "c6,,1 Nowhere Lane,ZE9 9ZZ\n"
        "c7,,1 Nowhere Lane,unknown\n"
        'c8,999,"Flat 2, 9 Harbour Ct",ZE2 9XX\n'
    )

    assert (found.checked, found.agree) == (8, 3)
    assert [(row.line, row.key, row.verdict) for row in found.differences] == [
        (4, "c3", "differs"),
        (5, "c4", "near"),
        (6, "c5", "near"),
        (7, "c6", "not_found"),
        (8, "c7", "postcode_invalid"),
    ]
    assert found.differences[0].reference == "14 Elm Road, ZE10AA"
    assert found.count("near") == 2


def test_address_columns_are_joined_and_blank_rows_passed_over():
    """address_1 and address_2 make one address; an empty line at the end is no row."""
    found = compared("ID,Address 1,Address 2,Postcode\nc1,Flat 2,9 Harbour Court,ZE2 9XX\n,,,\n\n")

    assert (found.checked, found.agree) == (1, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Elm Rd", "12, ELM ROAD."),
        ("St Mary's Ct", "St Marys Court"),
        ("12 Elm Road ZE1 0AA", "12 elm road"),
        ("Apt 3 Quay House", "Flat 3, Quay Hse"),
    ],
)
def test_two_spellings_of_an_address_are_the_same(one, other):
    """Signs, capitals, abbreviations and a repeated postcode make no difference."""
    assert plain_address(one, "ZE10AA") == plain_address(other, "ZE10AA")


@pytest.mark.parametrize(
    ("records", "line", "reason"),
    [
        ("", 1, "has no column id, address, postcode"),
        ("id,address,postcode\n", None, "has no row below its header"),
        ("id,address\nc1,x\n", 1, "has no column postcode"),
        ("id,id,address,postcode\nc1,c1,x,ZE1 0AA\n", 1, "has the column id twice"),
        ("id,address,postcode\nc1,x\n", 2, "has 2 cells where the header has 3"),
        ("id,address,postcode\n,x,ZE1 0AA\n", 2, "has no id"),
        ("id,address,postcode\nc1,x,ZE1 0AA\nc1,y,ZE1 0AA\n", 3, "stands above already"),
        ("id,uprn,address,postcode\nc1,ABC,x,ZE1 0AA\n", 2, "uprn that is no number"),
        ('id,address,postcode\nc1,"x,ZE1 0AA\n', 2, "is no CSV"),
        ("%PDF-1.7\x00", None, "zero byte"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused_with_its_line(records, line, reason):
    """The fault names file, line and reason, and never what stands there."""
    with pytest.raises(Invalid) as caught:
        compared(records)

    [fault] = caught.value.faults
    assert (fault.field, fault.line) == ("records", line)
    assert reason in fault.detail


def test_a_reference_must_be_one():
    """A postcode that is none, or far too many addresses of one postcode, is refused at the reference."""
    many = "address,postcode\n" + "".join(f"{number} Elm Road,ZE1 0AA\n" for number in range(1, 203))
    for reference, reason in ((many, "more than 200 addresses"), ("address,postcode\nx,nowhere\n", "that is none")):
        with pytest.raises(Invalid) as caught:
            compared("id,address,postcode\nc1,x,ZE1 0AA\n", reference)
        assert caught.value.faults[0].field == "reference"
        assert reason in caught.value.faults[0].detail
