"""The rule that keeps a report from the very people it accuses; it decides visibility, not truth."""

import re
from bisect import bisect
from collections.abc import Sequence
from typing import Final

from ahocorasick_rs import BytesAhoCorasick


def _any(*choices: str) -> str:
    return f"(?:{'|'.join(choices)})"


_BOSS: Final = (
    # The first letters of the words below spare most places of a text the looks behind.
    r"\b(?=[bdhmnop])(?<!dog )(?<!car )(?<!house )(?<!shop )(?<!bed )(?<!bank )"
    + _any(
        "managers?", "manageress", "manger", "mananger", "mgr", "management", "deput(?:y|ies)", "owners?",
        "proprietor",
        "directors?", "boss(?:es)?", "head of care", "nominated individual", "matron",
    )
    + r"\b(?! of the (?:dog|car|house|shop|van|flat))(?!'s (?:car|dog|van))"
)  # fmt: skip
# Words that may stand between the manager and what the manager is said to do; nobody else may come in between.
_LINK: Final = (
    "(?:"
    + _any(
        "'s", "and", "but", "who", "he", "she", "they", "then", "has", "had", "have", "is", "was", "are", "were",
        "been", "being",
        "just", "also", "again", "always", "often", "never stops?", "keeps?", "kept", "came", "comes", "in", "on",
        "duty",
        "here", "today", "tonight", "yesterday", "this", "that", "morning", "night", "said", "says", "told",
        "only", "even",
        "got", "getting", "very", "so", "really", "the", "an?", "one", "herself", "himself", r"\[[a-z_]+_\d+\]",
        "[a-z]+ly",
    )
    + r"[ ,)]+){0,6}?"
)  # fmt: skip
_OUTSIDER: Final = "the (?:pharmac|gp|doctor|surgery|hospital|engineer|supplier|council|family|contractor)"
_ONE: Final = rf"(?!{_OUTSIDER})" + _any(
    "me", "us", "him", "her", "them", "you", "staff", "everyone", "everybody", "people", "residents?", "clients?",
    "carers?",
    "nurses?", r"(?:the|a|my|our|another|one|some) \w+(?: (?:nurse|carer|staff))?", r"\[[a-z]+_\d+\]",
)  # fmt: skip
_RECORD: Final = _any(
    "records?", "entr(?:y|ies)", "notes?", "reports?", "charts?", "mars?", "forms?", "statements?", "evidence",
    "cctv",
    "logs?", "dates?", "times?", "paperwork", "incidents?", "emails?",
)  # fmt: skip
_HUSH: Final = _any(
    "say", "tell", "report", "write", "record", "document", "put", "ring", "call", "phone", "mention", "speak",
    "talk", "log",
    "raise", "complain", "contact", "inform",
)  # fmt: skip
_TAMPER: Final = r"(?:chang|alter|rewr|delet|backdat|falsif|destroy|shred|tamper|remov|edit|hid|doctor)\w*"
_TELL: Final = r"(?:told|tell(?:s|ing)?|ask(?:ed|s|ing)?|warn(?:ed|s|ing)?|order(?:ed|s|ing)?|want(?:ed|s)?|said|says)"
_GOODS: Final = "(?:money|cash|card|pension|jewellery|belongings|medication|tablets)"
_WRONG: Final = _any(
    r"(?:shout|scream|yell|snap)\w* at", r"swor\w*", r"swear\w*", "cursed", "bull(?:y|ies|ied|ying)", r"threat\w*",
    r"intimidat\w*", r"harass\w*", r"humiliat\w*", r"belittl\w*", r"victimis\w*", r"discriminat\w*", r"assault\w*",
    r"abus\w*",
    "neglect(?:ed|ful|ing|s)", r"slap\w*", r"smack\w*", r"punch\w*", r"kick\w*", r"grabb\w*", r"shov\w*",
    "hit(?:s|ting)?",
    rf"pushe[sd] {_ONE}(?! ?(?:'s|in|into|to|round|along|up|down|out|back|wheelchair|chair))", rf"touch\w* {_ONE}",
    r"steal\w*",
    "stole", r"fiddl\w*", rf"(?:took|tak\w+) (?:\w+ ){{0,3}}{_GOODS} (?:from|off|out of|home)",
    rf"keeps? (?:\w+ ){{0,3}}{_GOODS}", r"help\w+ (?:him|her)self",
    "(?:in|into) (?:his|her|their) own (?:purse|pocket|account|bag)",
    r"putting \w+ own \w+ down", "li(?:ed|es)", "lying (?:to|about)", r"falsif\w*", "forg(?:ed|ing)",
    r"backdat\w*", r"tamper\w*",
    r"shredd\w*", rf"{_TAMPER} (?:\w+ ){{0,4}}{_RECORD}", r"hid(?:es|ing)?", r"cover\w* (?:\w+ ){0,2}up",
    "covering for",
    "swe(?:pt|eps?) ", r"brush\w* (?:it|this|me|us|off)", r"shrug\w*", r"hush\w*", "drunk", "asleep",
    r"smel\w+ of", "rude",
    "racist", "sexist", "nasty", "aggressive", "rough", r"laugh\w* at", r"mock\w*", "made a joke", r"ignor\w*",
    r"dismiss\w*",
    r"turn\w* a blind eye", r"punish\w*", "sacked", "fired", "suspended me", "cut (?:my|our) (?:hours|shifts)",
    "took me off",
    rf"blam(?:ed|es|ing) {_ONE}", rf"call\w* {_ONE} (?:an? )?(?:liar|stupid|useless|lazy|idiot|names)",
    rf"forc(?:ed|es|ing) {_ONE}", rf"lock(?:s|ed|ing)? {_ONE} (?:\w+ ){{0,2}}in",
    "relationship with (?:an? )?(?:tenant|resident|client)",
    rf"ma(?:de|king|kes) {_ONE} "
    rf"(?:sign|change|write|rewrite|lie|say|delete|alter|backdate|fill|falsify|work|cry|stay)",
    rf"ma(?:de|king|kes) {_ONE} life", "if (?:the )?(?:cqc|inspectors?|council|family) asks?",
    rf"{_TELL} (?:{_ONE} )?(?:that )?(?:\w+ ){{0,2}}?(?:not|never|don't|against) (?:to )?{_HUSH}",
    rf"{_TELL} (?:{_ONE} )?to (?:just )?(?:be quiet|keep quiet|shut up|leave it|forget|drop "
    rf"it|lie|pretend|ignore|hide|lose|"
    rf"cover|put it down as|sign for|sign [\w ]{{1,30}} as if|{_TAMPER})",
    r"(?:want\w*|keep\w*|kept) (?:it|this|that) (?:kept )?(?:quiet|secret)",
)  # fmt: skip
_INACTION: Final = _any(
    "(?:did|does|doing|done|has done|have done) (?:absolutely )?nothing", "t(?:ook|akes) no (?:action|notice)",
    "not interested",
    "couldn't care",
    r"(?:won't|will not|would not|wouldn't|refus\w+ to|didn't|did not|does "
    r"not|doesn't|don't|never|has not|hasn't|have not|"
    r"haven't) (?:\w+ ){0,2}?(?:listen\w*|act(?:ed|s)?|let|ring|call "
    r"the|report\w*|escalate|order|pay|do anything|does anything|"
    "done anything|care|want to know|believe|take (?:it|this|me|us|anything) seriously)",
)  # fmt: skip
_NOTHING_DONE: Final = (
    r"nothing (?:has |was |is |ever |gets? |got |had )*(?:been |being )?(?:done|happen\w*|chang\w*)|"
    r"(?:still )?no action (?:has been |was )?(?:taken)?"
)
_SUFFERED: Final = _any(
    "bullied", "(?:shouted|sworn|screamed|yelled|snapped|laughed) at", "threatened", "told off", "blamed",
    "harassed", "assaulted",
    "hit", "pushed", "slapped", "ignored", "humiliated", "victimised", "sacked", "punished", "intimidated",
    "forced", "abused",
    "touched", "lied to", "treated badly", "spoken to", "covered up", "told (?:not|never)", "falsified", "altered",
    "deleted", "stolen",
)  # fmt: skip
_REPORTING: Final = r"(?:report|spe(?:ak|ok)|complain|rais|said|say|whistle)\w*"
_BY_THE_BOSS: Final = (
    # The manager, or what stands for the manager, as the one who does it.
    rf"{_BOSS}[ ,)]+{_LINK}(?<!not )(?<!n't )(?<!never ){_WRONG}\b(?! by)",
    rf"{_BOSS}[ ,)]+{_LINK}{_INACTION}\b",
    rf"{_BOSS}[^.;!?]{{0,60}}\b(?:and|but) (?:she|he) (?:just |only |then "
    rf")?(?:{_WRONG}|{_INACTION}|said to leave|said not)\b(?! by)",
    rf"{_BOSS} (?:knew|knows) [^.;!?]{{0,60}}\b(?:hid|but|let|allow|nothing|anyway|still)",
    rf"{_SUFFERED} (?:(?!by )[\w'\[\]]+ ){{0,4}}by (?:[\w\[\]]+ ){{0,3}}{_BOSS}",
    rf"(?:told|warned|ordered|asked) by (?:[\w\[\]]+ ){{0,3}}{_BOSS} (?:not|never|to "
    rf"(?:keep quiet|forget|leave it|{_TAMPER}))",
    rf"{_BOSS}[^.;!?]{{0,80}}(?:{_NOTHING_DONE})",
    # Fear of the manager, and asking that the manager should not see it.
    rf"(?:scared|afraid|frightened|terrified|fear) (?:of|what) (?:\w+ ){{0,2}}{_BOSS}",
    rf"(?:don't|do not|please|not|never) (?:\w+ ){{0,3}}(?:tell|show|let|want|inform) (?:\w+ ){{0,2}}{_BOSS}",
    rf"(?:can't|cannot|don't feel|unable|not able|not safe) (?:\w+ "
    rf"){{0,5}}(?:tell|report|raise|say|speak)(?: \w+){{0,3}} {_BOSS}",
    rf"{_BOSS} (?:must|should|can|does|do)(?: not|n't) (?:\w+ ){{0,2}}(?:know|see|find out|hear|read)",
    rf"(?:complaint|concerns?|allegation|grievance) (?:about|against|regarding) (?:\w+ ){{0,3}}{_BOSS}",
)
_HUSHED: Final = (
    # Hushing up and reprisal, whoever is meant: the reader nearest to it may be the one. Before each the stems of which
    # it holds one wherever it is found.
    (
        ("told not to ", "told never to "),
        rf"(?:been |were |was |got |get |are |is |we |staff )told (?:not|never) to (?:\w+ )?{_HUSH}",
    ),
    (
        ("told to ",),
        r"told to (?:keep (?:it |this )?quiet|keep (?:our|my|your) mouths? shut|say nothing|"
        rf"{_TAMPER} (?:\w+ ){{0,3}}{_RECORD})",
    ),
    (
        ("cover",),
        r"cover(?:ed|ing|s)? (?:it|this|that|things|everything) up(?! with)|(?<!to )cover[- ]up\b(?! (?:with|cream))",
    ),
    (("the carpet", "the rug"), r"(?:swept|sweep\w*|brushed) (?:\w+ ){0,2}under the (?:carpet|rug)"),
    (
        ("scared", "afraid", "frightened", "too worried"),
        rf"(?:scared|afraid|frightened|too worried) (?:to|of) (?:los\w*|{_REPORTING})",
    ),
    (
        (
            "sacked", "lose", "losing", "lost", "hours cut", "off the rota", "disciplin", "suspended", "punished",
            "singled", "victimised",
        ),
        r"(?:sacked|los(?:e|ing|t) (?:my|our|their|your|her|his) jobs?|hours cut|off the "
        r"rota|disciplin\w*|suspended|punished|"
        rf"singled out|victimised) (?:\w+ ){{0,3}}(?:because|after|for|if|when) (?:\w+ ){{0,4}}{_REPORTING}",
    ),
)  # fmt: skip
# Every way of telling holds one of these; looking for them first spares most texts the patterns.
_BOSS_STEMS: Final = (
    "manag", "manger", "mananger", "mgr", "deput", "owner", "proprietor", "director", "boss", "head of care",
    "nominated individual", "matron",
)  # fmt: skip
_HUSH_STEMS: Final = tuple(stem for stems, _ in _HUSHED for stem in stems)
_STEMS: Final = _BOSS_STEMS + _HUSH_STEMS
_HUSHED_WAYS: Final = tuple(way for _, way in _HUSHED)
_ACCUSES: Final = re.compile("|".join(f"(?:{part})" for part in (*_BY_THE_BOSS, *_HUSHED_WAYS)))
_HUSHES: Final = re.compile("|".join(f"(?:{part})" for part in _HUSHED_WAYS))
_EACH: Final = (
    *((_BOSS_STEMS, re.compile(way)) for way in _BY_THE_BOSS),
    *((stems, re.compile(way)) for stems, way in _HUSHED),
)
"""Each way by itself: looking for one whose stems are there takes less than looking for all at every place."""
_SEARCH: Final = BytesAhoCorasick([stem.encode() for stem in _STEMS])
_DISOWNED: Final = re.compile(
    r"(?:not|n't|never|isn't|no one is|nobody is) (?:\w+ "
    r")?(?:blam|say|accus|suggest|claim|complain|criticis|imply)\w* "
    r"(?:\w+ ){0,3}$|\b(?:no|not an?|isn't an?) $"
)
_NO_APOSTROPHE: Final = re.compile(r"\b(do|does|did|wo|would|ca|could|is|was|has|have|had)nt\b")


_BETWEEN: Final = "\x00"
"""Stands between texts that are searched together."""


def may_accuse(texts: Sequence[str]) -> set[int]:
    """Return the places of those texts for which `accuses_manager` could answer True; for all others it answers False.

    One search for all stems through many texts at once takes a twentieth of the time of one for each stem.

    Args:
        texts: Any number.
    """
    words = _BETWEEN.join(texts).lower().replace("’", "'")
    if "  " in words or not " ".join(texts).isprintable():  # else each space is a single one
        words = " ".join(words.replace(_BETWEEN, f" {_BETWEEN} ").split())
    data = words.encode("utf-8", "surrogatepass")
    ends = [match.start() for match in re.finditer(_BETWEEN.encode(), data)]
    if len(ends) != len(texts) - 1:  # it stands within one, too
        return set(range(len(texts)))
    return {bisect(ends, start) for _, start, _ in _SEARCH.find_matches_as_indexes(data)}


def accuses_manager(text: str) -> bool:
    """Tell whether a report accuses a manager, deputy or owner of wrongdoing, cover-up, inaction or reprisal.

    That a manager was told, informed or helped is no accusation, nor is an ordinary slip of a manager's. Where it is
    unclear the answer is True: a report that waits for somebody outside does less harm than one read by the person it
    accuses.

    Args:
        text: The reporter's words, redacted or not.

    Returns:
        True when the report should first be seen by somebody outside the home.
    """
    words = " ".join(text.lower().replace("’", "'").split())
    there = {stem for stem in _STEMS if stem in words}
    if not there:
        return False
    ways = _HUSHES if there.isdisjoint(_BOSS_STEMS) else _ACCUSES
    words = _NO_APOSTROPHE.sub(r"\1n't", words)
    if not any(way.search(words) for stems, way in _EACH if not there.isdisjoint(stems)):
        return False
    return any(not _DISOWNED.search(words, 0, match.start()) for match in ways.finditer(words))
