"""Finds the assets that a text names, by a small grammar of asset words and what tells one from another."""

import re
from functools import lru_cache
from typing import Final

_COUNTED: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_WORDS: Final = {word: str(number) for number, word in enumerate(_COUNTED, 1)}
# The asset's name in the answer, and the words for it.
_ASSETS: Final = {
    "ceiling track hoist": r"(?:ceiling(?: track)?|overhead|tracking) hoists?",
    "bath hoist": r"bath hoists?",
    "standing hoist": r"(?:standing hoists?|stand[- ]?aids?|sara stedy|stedy|rotunda)",
    "hoist": r"(?:mobile |full |passive |oxford )?hoists?",
    "stairlift": r"stair[- ]?lifts?|chair[- ]?lifts?",
    "through-floor lift": r"through[- ]floor lifts?",
    "tail lift": r"tail[- ]?lifts?",
    "bath lift": r"bath (?:lift|seat|chair)s?",
    "lift": r"(?:passenger |main |service |front |back |platform )?lifts?"
    r"(?! (?:her|him|them|the|a|up|me|and shift|home|his|it|off|out)\b)",
    "bed": r"(?:profiling|hospital|electric) beds?",
    "bed rail": r"bed[- ]?rails?|side rails?",
    "mattress": r"(?:air(?:flow)?|pressure|alternating|dynamic)?[ -]?mattress(?:es)?",
    "wheelchair": r"wheel[- ]?chairs?",
    "commode": r"commodes?",
    "shower chair": r"shower chairs?",
    "walking frame": r"(?:walking|zimmer|wheeled) frames?|zimmers?|rollators?",
    "call bell": r"call[- ]?bells?|nurse call|buzzers?|pull cords?",
    "sensor mat": r"sensor (?:mat|pad|beam)s?|(?:crash|falls?|alarm) mats?",
    "pendant": r"pendants?|lifelines?",
    "door opener": r"(?:automatic|electric|powered) doors?|door (?:opener|closer|entry)s?",
    "keypad": r"key ?pads?",
    "key safe": r"key ?safes?",
    "ramp": r"(?:portable )?ramps?",
    "boiler": r"boilers?",
    "fire panel": r"(?:fire|alarm) panels?",
    "fire door": r"fire doors?",
    "oxygen concentrator": r"concentrators?",
    "suction machine": r"suction (?:machine|unit|pump)s?",
    "syringe driver": r"syringe drivers?",
    "medicines trolley": r"(?:drugs?|meds|medicines?|medication) trolleys?",
    "medicines fridge": r"(?:drugs?|meds|medicines?|medication) fridges?",
    "minibus": r"mini ?bus(?:es)?",
    "sling": r"slings?",
}
_NUMBERS: Final = "|".join(_NUMBER_WORDS)
# A number after the asset tells which one, unless it begins something else ("hoist 3 days late").
_NO_NUMBER_OF_IT: Final = (
    "days?|hours?|hrs?|mins?|minutes?|times?|weeks?|months?|years?|people|staff|carers?|residents?|of|more|am|pm|slings?|inch|"
    "inches|kg|nights?|calls?|and a half|bit|the|broken|wheel|new|different|lot|man|lady|fault|flat"
)
# What an asset, or a number before it, may begin with: most places of a text need not be tried any further.
_BEGINS: Final = (
    r"(?=\d|[ -]m|a[ilu]|b[aeou]|c[aehor]|d[ory]|el|f[airu]|ho|ke|li|m[aeio]|n[ou]|o[vx]|p[aeloru]|r[ao]|s[aehiltuy]|"
    r"t[ahr]|w[ah]|zi)"
)
_GRAMMAR: Final = (
    r"(?:(?P<before>\d{1,4}|number \d{1,4}|no\.? ?\d{1,4})(?:st|nd|rd|th)? )?"
    + f"(?P<what>{'|'.join(_ASSETS.values())})"
    + r"\b(?: (?:number |no\.? ?|num |nr |#|unit |asset |id )?(?P<after>#?[a-z]?\d{1,5}|"
    + "|".join(_COUNTED)
    + rf"|[a-d])\b(?! (?:{_NO_NUMBER_OF_IT})\b))?"
)
_ASSET: Final = re.compile(rf"\b{_BEGINS}{_GRAMMAR}")
_KINDS: Final = {kind: re.compile(words) for kind, words in _ASSETS.items()}
# A text without any of these words has no asset; looking for them first spares most texts the grammar.
_HEAD_WORDS: Final = """
hoist hoists aid aids standaid standaids sara stedy rotunda stairlift stairlifts chairlift chairlifts lift lifts
taillift profiling hospital electric powered automatic bedrail bedrails rail rails mattress mattresses wheelchair
wheelchairs wheel chair chairs seat seats commode commodes frame frames zimmer zimmers rollator rollators callbell
callbells bell bells call buzzer buzzers cord cords mat mats pad pads beam beams pendant pendants lifeline lifelines
opener openers closer closers entry entrys keypad keypads keysafe keysafes safe safes ramp ramps boiler boilers panel
panels fire concentrator concentrators suction driver drivers trolley trolleys fridge fridges minibus minibuses bus
buses sling slings
"""
_HEADS: Final = frozenset(_HEAD_WORDS.split())
_WORD: Final = re.compile(r"[a-z]+")
_PAIRS_OF_A_LETTER: Final = frozenset("abcd")


def may_name_asset(text: str) -> bool:
    """Tell whether some words may name an asset; where none does, `find_assets` finds nothing.

    Args:
        text: A word or more, in lower case.
    """
    return not _HEADS.isdisjoint(_WORD.findall(text))


def find_assets(text: str) -> tuple[str, ...]:
    """Find the assets that a text names.

    Args:
        text: A redacted text.

    Returns:
        Names in the order of first mention, without repeats: "hoist 3" for "Hoist no. 3" and "hoist three", "lift" for
        "the lift". An asset named once with and once without its number stands once, with it.
    """
    lowered = text.lower()
    if not may_name_asset(lowered):
        return ()
    found: list[tuple[str, str | None]] = []
    for match in _ASSET.finditer(lowered):
        asset = (_kind(match["what"]), _number(match))
        if asset not in found:
            found.append(asset)
    numbered = {kind for kind, number in found if number}
    return tuple(f"{kind} {number}" if number else kind for kind, number in found if number or kind not in numbered)


@lru_cache(maxsize=1_000)
def _kind(words: str) -> str:
    """The kind of asset that some words name: the first whose grammar they are."""
    return next(kind for kind, grammar in _KINDS.items() if grammar.fullmatch(words))


def _number(match: re.Match[str]) -> str | None:
    after = match["after"]
    if after:
        word = after.lstrip("#")
        return word.upper() if word in _PAIRS_OF_A_LETTER else _NUMBER_WORDS.get(word, word.upper())
    before = match["before"]
    return re.sub(r"\D", "", before) if before and not before.isdigit() else None
