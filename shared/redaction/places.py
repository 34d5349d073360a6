"""Finds postal addresses and postcodes; names of towns, units and rooms alone are no personal data."""

import re
from collections.abc import Iterator
from typing import Final

_STREET: Final = (
    "Road|Rd|Street|St|Str|Avenue|Ave|Av|Lane|Ln|Close|Cl|Drive|Drv|Dr|Crescent|Cres|Way|Court|Crt|Ct|"
    "Place|Pl|Terrace|Terr|Gardens|Gdns|Garden|Grove|Grv|Square|Sq|Hill|"
    "Park|Mews|Rise|Walk|Row|Green|View|Croft|Fold|Parade|Yard|Wharf|Quay|Gate|Brow|Bank|Mount|Vale|"
    "Circus|Broadway|Esplanade|Promenade|Dene|Garth|Wynd|Brae|Nook|"
    "Orchard|Paddock|Meadows?|Fields?|Common|End|Heights|Parkway|Link|Approach|Chase|Cottages|Villas|"
    "Bridge|Cross|Corner|Passage|Alley|Path|Ride|Spinney|Copse|"
    "Dell|Glade|Leys|Lea|Downs?|Ridge|Holt|Ings|Side|Crossing|Causeway|Buildings|Estate|Loan|Mall|"
    "Pastures?|Drove|Ferry|Wood|Woods|Acres?|Hey|Moor"
)
_SURE: Final = "road|rd|street|str|avenue|ave|lane|ln|crescent|cres|terrace|terr|grove|gardens|gdns|mews|square"
_UNSURE: Final = (
    "close|drive|way|court|place|walk|row|view|rise|hill|park|green|croft|fold|yard|wharf|quay|mount|"
    "vale|st|garth|brow|bank|meadows?|heights|dene|chase"
)
_BUILDING: Final = (
    "House|Hse|Court|Ct|Lodge|Towers?|Heights|Point|Mansions|Buildings?|Hall|Gardens|Mill|Wharf|Quay|"
    "View|Place|Close|Grange|Manor|Apartments|Flats|Villas?|Grove|Chambers|"
    "Block|Mews|Walk|Gate|Green|Rise|Terrace|Park|Quays|Square|Way|Bank"
)
_HOME: Final = (
    "Cottage|House|Lodge|Farm|Farmhouse|Villa|Bungalow|Barn|Bakery|Forge|Rectory|Vicarage|Manse|Mill|"
    "Chapel|School|Schoolhouse|Stables|Coach House|Post Office|Gatehouse"
)
_CAPITAL: Final = r"[A-Z][\w'’.]+"
_FLAT: Final = r"(?:flat|apartment|apt|maisonette)\.?\s?(?:no\.?\s)?(?:\d+[A-Za-z]?|[A-Z]\b)"
_NUMBER: Final = r"\d{1,4}(?:\s?[A-Da-d]\b)?(?:\s?[-/]\s?\d{1,4}[A-Da-d]?)?"
_ADDRESS: Final = re.compile(
    rf"(?<![\w/.:£-])(?:(?i:{_FLAT}),?\s+)?(?:(?:The\s)?(?:{_CAPITAL}\s){{0,2}}(?:{_BUILDING}|{_HOME}),\s)?"
    rf"{_NUMBER},?\s(?:(?:{_CAPITAL}\s|of\s|the\s|le\s){{1,4}}(?:{_STREET})\b(?!['’]\w)|The\s(?:{_STREET})\b)"
    rf"|\b(?i:{_FLAT}),?\s(?:{_CAPITAL}\s){{1,3}}(?:{_BUILDING})\b"
    rf"|\b(?:The\s)?(?:{_CAPITAL}\s){{0,3}}(?:{_HOME}),?\s(?:{_CAPITAL}\s){{1,3}}(?:Road|Rd|Street|St|"
    rf"Avenue|Ave|Lane|Ln|Drive|Crescent|Way|Terrace|Grove|Hill|Close)\b"
)


def _words_of(endings: str) -> frozenset[str]:
    """Return the words of a pattern's choice, those with an optional plural in both numbers, in small letters."""
    words = endings.lower().split("|")
    return frozenset([*(word.replace("?", "") for word in words), *(word[:-2] for word in words if word[-1] == "?")])


_ENDINGS: Final = _words_of(f"{_STREET}|{_BUILDING}")
"""What every address ends with, as a word of its own and with a capital; one written small ends with these:"""
_ENDINGS_SMALL: Final = _words_of(f"{_SURE}|{_UNSURE}|{_BUILDING}")
_EITHER_ENDING: Final = _ENDINGS | _ENDINGS_SMALL
_STOPS: Final = (
    "carers?|staff|people|whole|same|other|wrong|full|different|the|residents?|of|to|on|and|in|at|from|am|pm|hours?|hrs?|mins?|minutes?|calls?|"
    "visits?|is|was|were|with|by|for|out|up|down|off|she|he|they|it|we|"
    "days?|weeks?|wks?|months?|years?|yrs?|mg|mls?|mcg|units?|tablets?|tabs?|steps?|doors?|times?|miles?|"
    "yards?|metres?|meters?|per|or|but|not|no|my|our|her|his|their|had|has|have|been|x|ish|"
    "that|which|who|when|then|because|so|as|if|left|right|half|quarter|past|until|till|since|before|"
    "after|into|onto|across|along|over|under|near|people's|clients?|staff's|cars?|vans?"
)
_LOWER: Final = rf"(?!(?:{_STOPS})\s)[A-Za-z'’.]{{2,}}\s"
_ADDRESS_LOWER: Final = re.compile(
    rf"(?<![\w/.:£-])(?:{_FLAT},?\s+)?\d{{1,4}}\s?[a-d]?\b,?\s(?!the\s(?:{_UNSURE}|"
    rf"{_SURE})\b)(?:{_LOWER}){{1,3}}?(?:{_SURE})\b(?!\s(?:carers?|calls?|staff|unit)\b)"
    rf"|(?<=\s)(?<![\d.]\s)\d{{1,4}}[a-d]?\s(?:{_LOWER}){{1,2}}?(?:{_UNSURE})\b"
    rf"|\b{_FLAT},?\s(?:{_LOWER}){{1,3}}?(?:{_BUILDING})\b",
    re.IGNORECASE,
)
_PLACE_BEFORE: Final = re.compile(
    r"\b(?:at|to|from|of|address|for|visit|visited|in|lives|living|live|outside|off|knocked|called|call|"
    r"house|number|no|was|is|and|not|instead of|went|sent|going|reads|says|said|listed|key|parcel|down|"
    r"opposite|by|near)[:.,]?\s$",
    re.IGNORECASE,
)
_NUMBER_OF_A_THING: Final = re.compile(
    r"\b(?:room|rm|bed|level|table|bay|ward|stage|grade|box|page|step|line|form|section|regulation|reg|"
    r"unit|hoist|aged?|at age)\.?\s$",
    re.IGNORECASE,
)
_HINT: Final = re.compile(
    r"\d|[A-Z]\w+,? [A-Z]\w+ (?:Road|Rd|St|Av|Lane|Ln|Drive|Cres|Way|Terr|Grove|Hill|Close)|[Ff]lat\b|"
    r"[Aa]partment|[Aa]pt\b"
)
_THREE_LARGE: Final = re.compile(r"[A-Z]\w+,? [A-Z]\w+ [A-Z]")
_HOMES: Final = ("flat", "Flat", "partment", "pt")
_INWARD: Final = re.compile(r"\d[^\W\d_]{2}(?![A-Za-z0-9])")
_POSTCODE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|(?:[A-PR-UWYZ][0-9]{1,2}|[A-PR-UWYZ][A-HK-Z][0-9]{1,2}|[A-PR-UWYZ][0-9][A-HJKPSTUW]|"
    r"[A-PR-UWYZ][A-HK-Y][0-9][ABEHMNPRVWXY])( {0,2}|-|\u00a0)[0-9][A-Z]{2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NEVER_INWARD: Final = frozenset("CIKMOV")
_ORDINAL_OR_TIME: Final = frozenset(
    [
        "st",
        "nd",
        "rd",
        "th",
        "am",
        "pm",
        "hr",
        "mg",
        "ml",
        "kg",
        "cm",
        "mm",
        "ne",
        "pt",
        "wk",
        "yr",
        "hs",
        "ft",
        "in",
        "of",
        "to",
        "at",
        "on",
        "or",
        "is",
        "it",
        "no",
        "so",
        "us",
        "we",
        "by",
        "he",
        "be",
        "do",
        "x",
    ]
)
_OUTWARD_WORDS: Final = frozenset(
    ["rm", "no", "bp", "hr", "ml", "mg", "at", "by", "in", "on", "to", "t", "s", "d", "h", "flat"]
)


def find_addresses(text: str, words: frozenset[str] | None = None) -> Iterator[tuple[int, int]]:
    """Find house number or name with its street, and flat with its building.

    Args:
        text: Any text.
        words: Its words without differences of case, where it holds a digit; None where it holds none.

    Yields:
        Spans without town and postcode; they may overlap.
    """
    capital = small = True
    if words is None:
        if not any(map(text.__contains__, _HOMES)) and not _THREE_LARGE.search(text):
            return
        if not _HINT.search(text):
            return
    else:
        endings = words & _EITHER_ENDING
        if not endings:
            return
        capital = any(ending.capitalize() in text for ending in endings & _ENDINGS)
        small = not endings.isdisjoint(_ENDINGS_SMALL)
    for match in _ADDRESS.finditer(text) if capital else ():
        if not _NUMBER_OF_A_THING.search(text, max(0, match.start() - 12), match.start()):
            yield match.span()
    for match in _ADDRESS_LOWER.finditer(text) if small else ():
        before = max(0, match.start() - 14)
        sure = re.search(rf"(?:{_SURE})$", match.group(), re.IGNORECASE) or match.group()[0].isalpha()
        if _NUMBER_OF_A_THING.search(text, before, match.start()):
            continue
        if sure or match.start() == 0 or _PLACE_BEFORE.search(text, before, match.start()):
            yield match.span()


def find_postcodes(text: str) -> Iterator[tuple[int, int]]:
    """Find postcodes, in small letters and without a space, too.

    Args:
        text: Any text.

    Yields:
        Their spans.
    """
    if not _INWARD.search(text):
        return
    for match in _POSTCODE.finditer(text):
        written = match.group()
        if written.isupper():
            if written.startswith("ZZ") or not _NEVER_INWARD.intersection(written[-2:]):
                yield match.span()
        elif written[-2:].lower() not in _ORDINAL_OR_TIME and not _NEVER_INWARD.intersection(written[-2:].upper()):
            outward = re.match(r"[A-Za-z]+", written)
            if not outward or outward.group().lower() not in _OUTWARD_WORDS:
                yield match.span()
