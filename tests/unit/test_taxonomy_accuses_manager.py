"""Which reports are kept from the home's own managers until somebody outside has seen them. All texts are invented."""

import json
import random
from pathlib import Path

import pytest

from shared.taxonomy.accuses_manager import (
    _ACCUSES,
    _BOSS_STEMS,
    _DISOWNED,
    _HUSHES,
    _NO_APOSTROPHE,
    _STEMS,
    accuses_manager,
    may_accuse,
)

ACCUSING = [
    "The manager shouted at me in front of residents when I said we were short",
    "Our deputy manager swore at a resident this morning",
    "manager told us not to report the fall",
    "Manager told me not to write it in the notes",
    "The owner asked me to backdate the fire checks",
    "deputy made me sign for tablets I did not give",
    "The manager has been taking money from the residents' tin",
    "manager took cash out of her purse, I saw it",
    "The manager lied to the family about the fall",
    "Registered manager changed the records after the inspector rang",
    "She deleted it. The manager deletes incident reports all the time",
    "the manager is covering it up",
    "it was all covered up by management",
    "Been told to keep quiet about the missing tablets",
    "we were told not to say anything to the family",
    "This was swept under the carpet last time",
    "I was bullied by the deputy after I spoke up",
    "shouted at by the manager in the office",
    "told by the manager not to ring 999",
    "told not to report it by our manager",
    "I told the manager and she did nothing",
    "Reported to the manager three times and nothing has been done",
    "manager knows he hits her and nothing ever happens",
    "The boss won't listen when we say there are not enough staff",
    "manager refused to let me ring the doctor",
    "management ignore every report we make",
    "I am scared of the manager",
    "please do not tell the manager it was me",
    "the manager must not see this",
    "I am afraid to report because of what happened to [PERSON_1]",
    "my hours cut after I complained about the hoist",
    "you lose your job if you report things here",
    "the owner hit him with a newspaper",
    "Manager, [PERSON_2], threatened to sack anyone who talks to the inspector",
    "the manger is rude and aggressive to residents",
    "matron was drunk on duty",
    "deputy turns a blind eye to carers sleeping",
    "the manager slapped her hand",
    "the manager forced him into the shower",
    "Complaint about the manager and how she speaks to residents",
    "THE MANAGER TOLD STAFF TO ALTER THE TURN CHARTS",
    "the manager was asleep on the sofa during the night shift",
    "informed the manager who laughed at me",
    "the director wants it kept quiet",
]

NOT_ACCUSING = [
    "Told the manager straight away",
    "Manager informed, family informed, no injury",
    "manager aware",
    "I rang the on call manager who came out",
    "Reported to deputy, hoist taken out of use",
    "Informed the manager that a carer had shouted at a resident",
    "told manager the night carer hit him",
    "A resident shouted at the manager and threw a cup",
    "visitor swore at the deputy",
    "the manager did not shout at anyone",
    "I am not saying the manager lied, the chart was just old",
    "this is no complaint about the manager",
    "The manager checked the MAR with me and found the gap",
    "manager helped us lift the table",
    "The manager changed the rota so that we have two on nights",
    "deputy updated the care plan the same day",
    "manager told us not to use the lift until the engineer has been",
    "Manager shouted for help and I ran in",
    "manager pushed her in her wheelchair to the garden",
    "the dog owner was very rude to our resident",
    "Nearly gave the wrong tablets, manager thanked me for reporting",
    "manager was on leave so the deputy signed it",
    "covered her up with a blanket",
    "Hoist battery flat, reported to manager",
    "owner of the dog shouted at our client",
    "manager has not been told yet",
    "the manager forgot to order the pads",
    "manager's car park space taken again",
    "The wound was covered up with a dressing",
    "the bed manager at the hospital was rude",
    "Our manager is lovely and always listens",
    "",
]


@pytest.mark.parametrize("text", ACCUSING)
def test_a_report_that_accuses_is_kept_from_the_home(text):
    """Wrongdoing, hushing up, inaction and reprisal by whoever runs the home are recognised in staff's own words."""
    assert accuses_manager(text)


@pytest.mark.parametrize("text", NOT_ACCUSING)
def test_a_report_that_only_mentions_a_manager_is_not(text):
    """A manager who was told, who helped, or to whom something was done is not accused."""
    assert not accuses_manager(text)


def test_a_long_text_takes_no_long_time():
    """Twenty thousand words that nearly match are read without the pattern running away."""
    assert not accuses_manager("the manager was told and then he just came in and said that " * 2_000)


def test_no_telling_lacks_the_words_that_are_looked_for_first():
    """Whatever the patterns find has one of the stems, in every text that we have: the short cut changes nothing."""
    root = Path(__file__).resolve().parents[2]
    files = ("deploy/demo/reports.ndjson", "shared/redaction/data/gold/held_out.ndjson")
    texts = [json.loads(line)["text"].lower() for name in files for line in (root / name).read_text().splitlines()]
    told = [text for text in [*texts, *map(str.lower, ACCUSING)] if _ACCUSES.search(text)]

    assert len(told) > 20
    assert [text for text in told if not any(stem in text for stem in _STEMS)] == []


def _by_all_ways(text):
    """What the rule says when every way is looked for at every place, without a short cut."""
    words = _NO_APOSTROPHE.sub(r"\1n't", " ".join(text.lower().replace("’", "'").split()))
    ways = _ACCUSES if any(stem in words for stem in _BOSS_STEMS) else _HUSHES
    return any(not _DISOWNED.search(words, 0, match.start()) for match in ways.finditer(words))


def test_the_short_cuts_change_no_answer():
    """Over real texts, and thousands of mixtures of telling phrases, the rule says what all its ways say together."""
    root = Path(__file__).resolve().parents[2]
    texts = [json.loads(line)["text"] for line in (root / "deploy/demo/reports.ndjson").read_text().splitlines()]
    chance = random.Random(11)
    words = [" ".join(text.split()[at : at + 4]) for text in [*ACCUSING, *NOT_ACCUSING] for at in range(0, 40, 3)]
    mixed = [
        " ".join(chance.choices([*filter(None, words), *_STEMS, "dont", "NOT blaming"], k=5)) for _ in range(4_000)
    ]
    said = [accuses_manager(text) for text in [*texts, *mixed]]
    assert said == [_by_all_ways(text) for text in [*texts, *mixed]]
    assert 200 < sum(said) < 3_800


def test_texts_looked_at_together_are_those_that_the_rule_has_to_look_at():
    """The search through many texts at once never passes over one that the rule would keep from the home."""
    texts = [
        *ACCUSING,
        *NOT_ACCUSING,
        "told\u00a0 \n to keep quiet",
        "ends with told to",
        "to keep it secret",
        "a\x00b",
    ]
    for some in (texts[:-1], texts, texts[:1], [text.upper() for text in texts], list(reversed(texts))):
        maybe = may_accuse(some)
        assert {place for place, text in enumerate(some) if accuses_manager(text)} <= maybe
    assert may_accuse(["Hoist stopped.", "manager told", "", "Side gate open."]) == {1}
