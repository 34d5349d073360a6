"""The register of assets: what somebody typed is found by number or name, or refused with what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.actions.domain.asset_register import RegisteredAsset, find, refuse_unknown
from shared.kernel.errors import Invalid

TODAY = date(2026, 11, 23)


def asset(number: str, name: str | None = None, **changes) -> RegisteredAsset:
    return replace(RegisteredAsset("p", "s", number, 1, number, "hoist", name), **changes)


REGISTER = [
    asset("hoist-3", "Mobile hoist ground floor"),
    asset("stand-hoist-2", "Standing hoist second floor"),
    asset("door-opener-front", "Front door opener"),
    asset("hoist-1", retired_on=date(2026, 5, 1)),
]


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("hoist-3", "hoist-3"),
        ("Hoist 3", "hoist-3"),
        ("mobile hoist ground floor", "hoist-3"),
        ("front door opener", "door-opener-front"),
        ("stand-hoist-2", "stand-hoist-2"),
        ("hoist 4", None),
        ("hoist", None),
        ("door opener", None),
        ("", None),
    ],
)
def test_an_asset_is_found_by_its_number_or_its_name(typed, number):
    """In any order of words and with or without dashes; a kind alone is none."""
    found = find(typed, REGISTER)

    assert (found.number if found else None) == number


@pytest.mark.parametrize(
    ("names", "said", "detail"),
    [
        (
            ["hoist 3", "hoist 9"],
            "hoist 9 is not in the register",
            "door-opener-front, hoist-3, stand-hoist-2; register",
        ),
        (["hoist 1"], "hoist 1 is no longer in use", "retired since 2026-05-01"),
    ],
)
def test_an_asset_that_is_unknown_or_retired_is_refused_by_name(names, said, detail):
    """The error says which, what the register has, and what to do."""
    with pytest.raises(Invalid, match=said) as refused:
        refuse_unknown(names, "assets_checked", REGISTER, TODAY)

    (fault,) = refused.value.faults
    assert (fault.field, detail in fault.detail) == ("assets_checked", True)


def test_a_site_without_a_register_may_name_any_asset():
    """A home care service that registered nothing is not kept from telling of a client's own hoist."""
    refuse_unknown(["hoist 9"], "asset", [], TODAY)
    refuse_unknown(["hoist 3", "front door opener"], "asset", REGISTER, TODAY)
