"""Finds identifiers of fixed format: telephone, NHS and National Insurance numbers, e-mail addresses, number plates."""

import re
from collections.abc import Iterator
from typing import Final

from shared.redaction.births import find_births
from shared.redaction.places import find_addresses, find_postcodes

Span = tuple[int, int, str]

_SPACE: Final = r"[ \u00a0\u2007\u2009\u202f]"
_DIGIT: Final = re.compile(r"\d")
_TOKEN: Final = re.compile(r"\w+")
_DIGITS_OF_AN_NHS_NUMBER: Final = 10
_DIGITS_OF_A_NINO: Final = 6
"""Also those of the shortest local telephone number; fewer in a whole text are neither."""
_DIGITS_OF_A_PHONE: Final = 8
_EMAIL: Final = re.compile(
    r"[\w.+%'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"
    r"|\b[\w.+-]{1,64} ?(?:\(at\)|\[at\]| at ) ?[\w-]{1,63}(?: ?(?:\(dot\)|\[dot\]|"
    r" dot ) ?\w{2,20}){0,2} ?(?:\(dot\)|\[dot\]| dot ) ?(?:com|org|net|uk|ie|eu|info|co)\b",
    re.IGNORECASE,
)
_TEN_DIGITS: Final = re.compile(
    rf"(?<![\d+])(?<!\d[.,/:])\d(?:(?:{_SPACE}{{1,2}}|[-‐–.])?\d){{9}}(?![\d])(?![.,:/-]\d)"
)
_OF_THREE_GROUPS: Final = re.compile(r"\d{10}|\d{3}\D{1,2}\d{3}\D{1,2}\d{4}")
_OF_A_TELEPHONE: Final = re.compile(r"[1-357]\d{2,4}\D+\d{3,6}(?:\D+\d{3,4})?")
_LIKE_DATE: Final = re.compile(r"\d{1,2}[-. ]\d{1,2}[-. ](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d")
_TELEPHONE_SAID: Final = re.compile(
    r"\b(?:tele?|telephone|phone|phoned|fone|mobile|mob|moby|cell|rang|ring|ringing|call|called|calling|"
    r"dial|dialled|text|texted|landline|contact|ext|"
    r"whatsapp|fax|bleep|ph|tel\.?\s?(?:no|number))\b[^\d\n]{0,30}$",
    re.IGNORECASE,
)
_NHS_SAID: Final = re.compile(r"\bn\.?h\.?s\b[^\d\n]{0,25}$", re.IGNORECASE)
_NUMBER_OF_A_THING: Final = re.compile(
    r"\b(?:batch|lot|order|ticket|serial|ref|reference|invoice|barcode|asset|parcel|tracking|account|"
    r"docket|job|po|isbn|case|log|incident)\b[^\d\n]{0,14}$",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(
    r"(?<![\w+])(?:\+|00)\d{1,3}[\s.-]?(?:\(0\)\s?)?\(?\d(?:[\s().\-‐–]{0,2}\d){6,11}(?!\d)"
    r"|(?<![\w£.])(?<!\d[ .\-])\(?0[1-9](?:[\s().\-‐–]{0,2}\d){8,9}(?!\d)(?![.:]\d)"
)
_PHONE_WITHOUT_ZERO: Final = re.compile(rf"(?<![\d+.,/-])(?:7\d{{3}}{_SPACE}?\d{{3}}{_SPACE}?\d{{3}})(?![\d])")
_CALLING: Final = frozenset(["tel", "telephone", "phone", "mobile", "mob", "rang", "ring", "dial", "landline", "call"])
_LOCAL_PHONE: Final = re.compile(
    r"\b(?:tel|telephone|phone|mobile|mob|rang|ring|dial|landline|call)\b(?: (?:on|no|number|him|her|them|"
    r"us|me|is))*[ .:]{1,2}(\d{3}[ -]\d{3,4}|\d{6})(?![\d/:.]|[ -]\d)",
    re.IGNORECASE,
)
_NINO: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:QQ|(?!BG|GB|KN|NK|NT|TN|"
    r"ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])[\s.\-‐]{0,2}\d\d[\s.\-‐]?\d\d[\s.\-‐]?\d\d"
    r"(?:[\s.\-‐]{0,2}[A-D](?![A-Za-z0-9])|(?<=QQ\d{6})(?!\w)|(?<=[Qq]{2} \d\d \d\d \d\d)(?!\w))",
    re.IGNORECASE,
)
_OF_VEHICLES: Final = (
    *("car", "van", "reg", "registration", "plate", "plates", "vehicle", "minibus", "bus", "taxi", "parked", "parking"),
    *("motor", "ford", "fiesta", "corsa", "astra", "golf", "transit", "lorry", "drove", "driving", "driver"),
    "ambulance",
)
_VEHICLES: Final = frozenset([*_OF_VEHICLES, *(f"{word}s" for word in _OF_VEHICLES)])
_END_OF_A_PLATE: Final = re.compile(r"\d[ -]?[^\W\d_]{3}(?![A-Za-z0-9])")
_CAR_NOW: Final = re.compile(
    r"(?<![A-Za-z0-9])([A-HJ-PR-Y]{2})( ?)((?!0[01])\d\d)([ -]?)([A-HJ-PR-Z]{3})(?![A-Za-z0-9])", re.IGNORECASE
)
_CAR_OLD: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-HJ-NPR-TV-Y]\d{1,3} ?[A-HJ-PR-Y]{3}|[A-HJ-PR-Y]{3} ?\d{1,3}[A-HJ-NPR-TV-Y]|"
    r"[A-Z]{1,3} ?\d{4}|\d{1,4} ?[A-Z]{3})(?![A-Za-z0-9])"
)
_LARGE_BY_A_DIGIT: Final = re.compile(r"[A-Z] ?\d|\d ?[A-Z]")
"""What every older plate has in it."""
_CAR_SAID: Final = re.compile(r"\b(?:reg|registration|number ?plate|plate)\b[^\d\n.]{0,20}$", re.IGNORECASE)
_DIGITS_OF_A_WHOLE_PLATE: Final = 3
_WORDS: Final = frozenset(
    ["MRS", "BED", "NHS", "THE", "ALL", "GTN", "RMS", "FOR", "AND", "TAB", "TEL", "REF", "BAY", "LOT"]
)
_NOT_A_CAR: Final = frozenset(["RM", "FL", "NO", "BP", "HR", "AT", "BY", "IN", "ON", "TO"])


def find_identifiers(text: str) -> list[Span]:
    """Find every identifier of fixed format, every address and every date of birth.

    Args:
        text: Any text.

    Returns:
        Spans of code points with their type; they may overlap, the surer kind stands first.
    """
    spans: list[Span] = []
    if "@" in text or "dot" in text or "DOT" in text:
        spans.extend((match.start(), match.end(), "email") for match in _EMAIL.finditer(text))
    digits = len(_DIGIT.findall(text))
    if not digits:
        spans.extend((start, end, "address") for start, end in find_addresses(text))
        return spans
    folded = text.casefold()
    words = frozenset(_TOKEN.findall(folded))
    if digits >= _DIGITS_OF_AN_NHS_NUMBER:
        spans.extend(_nhs_numbers(text))
    if digits >= _DIGITS_OF_A_NINO:
        spans.extend(_ninos(text))
        spans.extend(_phones(text, digits, words))
    spans.extend((start, end, "dob") for start, end in find_births(text, folded))
    spans.extend((start, end, "postcode") for start, end in find_postcodes(text))
    spans.extend(_cars(text, words))
    spans.extend((start, end, "address") for start, end in find_addresses(text, words))
    return spans


def is_nhs_number(digits: str) -> bool:
    """Check the modulus-11 digit of an NHS number.

    Args:
        digits: Ten digits without separators.

    Returns:
        True when the last digit is the check digit of the first nine, by the rule of the NHS data dictionary.
    """
    total = sum(weight * int(digit) for weight, digit in zip(range(10, 1, -1), digits[:9], strict=True))
    return 11 - total % 11 == (int(digits[9]) or 11)


def _nhs_numbers(text: str) -> Iterator[Span]:
    for match in _TEN_DIGITS.finditer(text):
        written = match.group()
        digits = "".join(letter for letter in written if letter.isdigit())
        if not digits.isascii() or _LIKE_DATE.match(written):
            continue
        usual = _OF_THREE_GROUPS.fullmatch(written)
        if not usual and match.start() > 1 and text[match.start() - 2].isdigit() and text[match.start() - 1] in " -":
            continue
        window = max(0, match.start() - 60)
        said_nhs = _NHS_SAID.search(text, window, match.start())
        said_phone = not said_nhs and _TELEPHONE_SAID.search(text, window, match.start())
        # A spreadsheet drops the leading 0 of a telephone number, and one in eleven then passes the check.
        if said_phone and digits[0] in "12378":
            yield match.start(), match.end(), "phone"
        elif is_nhs_number(digits) and (said_nhs or usual or not _OF_A_TELEPHONE.fullmatch(written)):
            if digits[0] == "0" and not said_nhs and digits[1] != "0":
                continue
            yield match.start(), match.end(), "nhs_number"


def _phones(text: str, digits: int, words: frozenset[str]) -> Iterator[Span]:
    for match in _PHONE.finditer(text) if digits >= _DIGITS_OF_A_PHONE else ():
        start = match.start()
        if _LIKE_DATE.match(match.group()) or _NUMBER_OF_A_THING.search(text, max(0, start - 40), start):
            continue
        if match.group()[0] == "(" and ")" not in match.group():
            start += 1
        yield start, match.end(), "phone"
    for match in _PHONE_WITHOUT_ZERO.finditer(text) if digits >= _DIGITS_OF_A_PHONE else ():
        grouped = not match.group().isdigit() and match.group()[3:4].isdigit() and not match.group()[4:5].isdigit()
        if grouped or _TELEPHONE_SAID.search(text, max(0, match.start() - 60), match.start()):
            yield match.start(), match.end(), "phone"
    if not words.isdisjoint(_CALLING):
        for match in _LOCAL_PHONE.finditer(text):
            yield match.start(1), match.end(1), "phone"


def _ninos(text: str) -> Iterator[Span]:
    for match in _NINO.finditer(text):
        yield match.start(), match.end(), "nino"


def _cars(text: str, words: frozenset[str]) -> Iterator[Span]:
    near = not words.isdisjoint(_VEHICLES)
    for match in _CAR_NOW.finditer(text) if _END_OF_A_PLATE.search(text) else ():
        large = match.group().isupper()
        if match[1].upper() in _NOT_A_CAR and not near:
            continue
        if near or (large and not match[2]) or (not match[2] and not match[4]):
            yield match.start(), match.end(), "car_reg"
    for match in _CAR_OLD.finditer(text) if _LARGE_BY_A_DIGIT.search(text) else ():
        said = _CAR_SAID.search(text, max(0, match.start() - 30), match.start())
        usual = match.group()[0].isalpha() and match.group()[-3:].isalpha()
        turned = match.group()[:3].isalpha() and match.group()[-1].isalpha() and match.group()[-2].isdigit()
        whole = sum(map(str.isdigit, match.group())) == _DIGITS_OF_A_WHOLE_PLATE and match.group()[:3] not in _WORDS
        if said or ((usual or turned) and (near or whole)):
            yield match.start(), match.end(), "car_reg"
