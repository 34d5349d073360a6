"""Which assets a text names."""

import re

import pytest

from services.classifier.training.gold import read_passes
from services.classifier.training.train import TEXTS
from shared.taxonomy import assets
from shared.taxonomy.assets import find_assets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hoist 3 battery flat", ("hoist 3",)),
        ("Hoist no. 3 again, hoist three still flat", ("hoist 3",)),
        ("number 2 hoist is fine, the hoist is not", ("hoist 2",)),
        ("the lift is stuck between floors", ("lift",)),
        ("Lift B out of order", ("lift B",)),
        ("stair lift and through-floor lift", ("stairlift", "through-floor lift")),
        ("standing hoist arm sheared, ceiling track hoist used", ("standing hoist", "ceiling track hoist")),
        ("sensor mat unplugged, call bell 14 on the floor", ("sensor mat", "call bell 14")),
        ("front door keypad and key safe", ("keypad", "key safe")),
        ("tail lift of the minibus", ("tail lift", "minibus")),
        ("bed rail loose on the profiling bed", ("bed rail", "bed")),
        ("HOIST 3", ("hoist 3",)),
    ],
)
def test_an_asset_is_named_in_any_words(text, expected):
    """An asset stands once, under one name, with what tells it from its like."""
    assert expected == find_assets(text)


@pytest.mark.parametrize("text", ["hoist took 3 days", "hoist out 2 hours", "hoist 3 days late"])
def test_a_number_that_counts_something_else_is_not_the_assets(text):
    """Days and hours after an asset are not its number."""
    assert find_assets(text) == ("hoist",)


@pytest.mark.parametrize("text", ["", "lift her up", "I lifted her", "bed 6 pot", "wrong tablet", "[PERSON_1] fell"])
def test_a_text_without_an_asset_names_none(text):
    """Lifting a person is no lift, and a bed number is a place."""
    assert find_assets(text) == ()


def test_looking_at_two_letters_first_misses_no_asset():
    """Over all training texts the grammar finds at the places that are tried what it finds at every place."""
    everywhere = re.compile(rf"\b{assets._GRAMMAR}")
    texts = [gold.text.lower() for gold in read_passes(TEXTS)]
    found = [[match.span() for match in everywhere.finditer(text)] for text in texts]

    assert [[match.span() for match in assets._ASSET.finditer(text)] for text in texts] == found
    assert sum(map(len, found)) > len(texts) / 10
