"""How patterns are laid over a text, and which hits stand."""

from dataclasses import replace
from itertools import accumulate
from types import MappingProxyType

import pytest

from services.classifier.domain.match import Matcher
from services.classifier.domain.reading import read
from services.classifier.domain.words import Words
from shared.taxonomy.loader import load_taxonomy
from shared.taxonomy.model import WeightedPattern
from shared.taxonomy.pattern import parse_pattern


def patterns(**by_weight):
    return tuple(
        WeightedPattern(parse_pattern(text), float(weight[1:])) for weight, texts in by_weight.items() for text in texts
    )


@pytest.fixture(scope="module")
def reader():
    """Read a text by one pattern under the cue `problem`, with the shipped negations, idioms and masks."""
    taxonomy = load_taxonomy()
    kept = {name: taxonomy.cues[name] for name in ("voids", "idioms", "masks")}

    def hits(text, *texts):
        cues = MappingProxyType({**kept, "problem": patterns(w2=texts)})
        matcher = Matcher(
            replace(
                taxonomy,
                domains={},
                factors={},
                how_caught={},
                disruption_kinds={},
                severities={},
                escalation_rules=(),
                cues=cues,
            )
        )
        reading = read(text, Words(matcher, taxonomy.spellings), matcher)
        ends = list(accumulate(map(len, reading.tokens.parts)))
        found = sorted({(hit.first, hit.last) for hit in reading.hits.get("cue:problem", ())})
        return [text[ends[2 * first] : ends[2 * last + 1]] for first, last in found]

    return hits


MATCHES = [
    ("wrong/incorrect dose*", "the Incorrect doses again", ["Incorrect doses"]),
    ("wrong ~2 dose", "wrong tablet and dose", ["wrong tablet and dose"]),
    ("wrong ~2 dose", "wrong tablet for the dose", []),
    ("wrong ~2 dose", "it was wrong. dose given", []),
    ("out of? order", "lift out order, lift out of order", ["out order", "out of order"]),
    ("<n> minutes late", "came 40 minutes late", ["40 minutes late"]),
    ("told <person>", "told [PERSON_3] at ten", ["told [PERSON_3]"]),
    ("wasn't told", "staff wasn’t told, carers wasnt told", ["wasn’t told", "wasnt told"]),
    ("medicat*", "MEDICATION late", ["MEDICATION"]),
    ("prescription", "perscription missing", ["perscription"]),
    ("extinguisher", "the extingusher is empty", ["extingusher"]),
    ("unlocked", "catheter unblocked", []),
    ("^fell", "she fell", ["fell"]),
    ("^fell", "she nearly fell", []),
    ("^fell", "no staff about and she fell", ["fell"]),
    ("^fell", "could have gone over and fell", ["fell"]),
    ("^fell", "nearly there, she fell", ["fell"]),
    ("^fell", "she fell asleep", []),
    ("^fell", "the wheel fell off", []),
    ("^police ~3 called", "police not called", []),
    ("^police ~3 called", "police were called", ["police were called"]),
    ("fell", "she nearly fell", ["fell"]),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), MATCHES)
def test_a_pattern_fits_as_its_language_says(reader, pattern, text, expected):
    """Alternatives, beginnings, gaps, optional words, numbers, placeholders, misspellings, negations and idioms."""
    assert reader(text, pattern) == expected


def test_hits_over_each_other_count_once(reader):
    """Of two patterns over the same words the score takes the heavier alone."""
    taxonomy = load_taxonomy()
    cues = MappingProxyType({**taxonomy.cues, "problem": patterns(w3=["wrong dose"], w1=["dose", "late"])})
    matcher = Matcher(replace(taxonomy, cues=cues))
    reading = read("wrong dose and late", Words(matcher, {}), matcher)
    assert reading.score("cue:problem") == 4.0
