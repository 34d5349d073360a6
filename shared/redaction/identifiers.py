"""Finds identifiers of fixed or nearly fixed format; names are found elsewhere."""

import re
from collections.abc import Callable, Iterator
from typing import Final

Span = tuple[int, int, str]

_MONTHS: Final = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?"
)
_DATE: Final = (
    r"(?:\d{1,2}\s?[/.\- ]\s?\d{1,2}\s?[/.\- ]\s?(?:\d{4}|\d{2})|\d{4}-\d{1,2}-\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?[\s-](?:of\s)?(?:{_MONTHS})[,.]?[\s-]\d{{2,4}}|(?:{_MONTHS})\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})"
)
_STREET: Final = (
    "Road|Rd|Street|St|Avenue|Ave|Lane|Ln|Close|Drive|Crescent|Cres|Way|Court|Ct|Place|Terrace|Gardens|Grove|Square|Hill|Park|"
    "Mews|Rise|Walk|Row|Green|View|Croft|Fold|Parade|Yard|Wharf|Quay|Gate|Brow|Bank"
)
_STREET_LOWER: Final = "road|rd|street|avenue|ave|lane|crescent|terrace|grove|gardens"
_BUILDING: Final = "House|Court|Lodge|Towers?|Heights|Point|Mansions|Buildings?|Hall|Gardens|Mill"
_CAPITAL: Final = r"[A-Z][\w'’]+"
_VEHICLE: Final = re.compile(
    r"\b(?:car|van|reg|registration|plate|vehicle|minibus|bus|taxi|parked|motor)s?\b", re.IGNORECASE
)
_TELEPHONE: Final = re.compile(
    r"\b(?:tel|telephone|phone|phoned|mobile|mob|rang|ring|call|called|number|landline|no)\W*(?:\w+\W+){0,3}$",
    re.IGNORECASE,
)

_EMAIL: Final = re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_TEN_DIGITS: Final = re.compile(r"(?<![\d+.])(?<!\d[ .\-/])\d(?:[ \-\u00a0]?\d){9}(?![ .\-/:]?\d)")
_LIKE_DATE: Final = re.compile(r"\d{1,2}[-. ]\d{1,2}[-. ](?:19|20)\d\d|(?:19|20)\d\d-\d\d-\d\d")
_PHONE: Final = re.compile(
    r"(?<![\w+])(?:\+|00)\d{1,3}[\s.-]?(?:\(0\)\s?)?\(?\d(?:[\s().-]{0,2}\d){6,11}(?!\d)"
    r"|(?<!\w)(?<!\d[ .\-])\(?0\d(?:[\s().-]{0,2}\d){8,9}(?![\d])"
)
_NINO: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:QQ|(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])[\s-]?\d\d[\s-]?\d\d[\s-]?\d\d[\s-]?[A-D](?![A-Za-z0-9])",
    re.IGNORECASE,
)
_POSTCODE: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|(?:[A-PR-UWYZ][0-9]{1,2}|[A-PR-UWYZ][A-HK-Y][0-9]{1,2}|[A-PR-UWYZ][0-9][A-HJKPSTUW]|"
    r"[A-PR-UWYZ][A-HK-Y][0-9][ABEHMNPRVWXY]) ?[0-9][ABD-HJLNP-UW-Z]{2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_ORDINAL_OR_TIME: Final = frozenset(["st", "nd", "rd", "th", "hr", "ne", "pt"])
_CAR_NOW: Final = re.compile(
    r"(?<![A-Za-z0-9])([A-HJ-PR-Y]{2}(?!0[01])\d\d)([ -]?)([A-HJ-PR-Z]{3})(?![A-Za-z0-9])", re.IGNORECASE
)
_CAR_OLD: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:[A-HJ-NPR-TV-Y]\d{1,3} ?[A-HJ-PR-Y]{3}|[A-HJ-PR-Y]{3} ?\d{1,3}[A-HJ-NPR-TV-Y])(?![A-Za-z0-9])"
)
_BORN: Final = re.compile(
    r"\b(?:d\.?\s?o\.?\s?b\b\.?|date of birth|birth ?dates?|birthday|born)(?:\s(?:on|is|was|in))?(?:\sthe)?\W{0,3}"
    rf"({_DATE})",
    re.IGNORECASE,
)
_BORN_AFTER: Final = re.compile(rf"({_DATE})\W{{0,3}}(?:d\.?o\.?b\b|date of birth|birthday)", re.IGNORECASE)
_ADDRESS: Final = re.compile(
    rf"(?<![\w/.])(?:(?:[Ff]lat|[Aa]partment|[Aa]pt)\.?\s?\d+[A-Za-z]?,?\s+)?(?:{_CAPITAL}\s(?:{_BUILDING}|Cottage|Farm|Villa|Bungalow),\s)?"
    rf"\d{{1,4}}[A-Za-z]?,?\s(?:{_CAPITAL}\s){{1,3}}(?:{_STREET})\b"
    rf"|\b(?:[Ff]lat|[Aa]partment|[Aa]pt)\.?\s?\d+[A-Za-z]?,?\s(?:{_CAPITAL}\s){{1,3}}(?:{_BUILDING})\b"
    rf"|\b(?:The\s)?(?:{_CAPITAL}\s){{0,2}}(?:{_CAPITAL}\s)?(?:Cottage|House|Lodge|Farm|Villa|Bungalow|Barn),\s(?:{_CAPITAL}\s){{1,3}}(?:{_STREET})\b"
)
_ADDRESS_LOWER: Final = re.compile(
    rf"(?<![\w/.:])\d{{1,4}}[a-z]?\s(?!(?:carers?|staff|people|residents?|of|to|on|and|in|the|at|from|am|pm|hours?|mins?|minutes|calls?|visits?)\s)"
    rf"[a-z'’]{{3,}}\s(?:[a-z'’]{{3,}}\s)?(?:{_STREET_LOWER})\b"
)


def find_identifiers(text: str) -> list[Span]:
    """Find every identifier of fixed format.

    Args:
        text: Any text.

    Returns:
        Spans of code points with their type; they may overlap, the surer kind stands first.
    """
    spans: list[Span] = []
    if "@" in text:
        spans.extend((match.start(), match.end(), "email") for match in _EMAIL.finditer(text))
    if any(letter.isdigit() for letter in text):
        for find in _BY_DIGITS:
            spans.extend(find(text))
    spans.extend((match.start(), match.end(), "address") for match in _ADDRESS.finditer(text))
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
        digits = "".join(letter for letter in match.group() if letter.isdigit())
        if not digits.isascii() or not is_nhs_number(digits) or _LIKE_DATE.match(match.group()):
            continue
        # A spreadsheet drops the leading 0 of a telephone number, and one in eleven then passes the check.
        kind = (
            "phone"
            if digits[0] in "127" and _TELEPHONE.search(text, max(0, match.start() - 40), match.start())
            else "nhs_number"
        )
        yield match.start(), match.end(), kind


def _phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        if not _LIKE_DATE.match(match.group()):
            yield match.start(), match.end(), "phone"


def _ninos(text: str) -> Iterator[Span]:
    for match in _NINO.finditer(text):
        yield match.start(), match.end(), "nino"


def _postcodes(text: str) -> Iterator[Span]:
    for match in _POSTCODE.finditer(text):
        if match.group()[-2:] not in _ORDINAL_OR_TIME:
            yield match.start(), match.end(), "postcode"


def _cars(text: str) -> Iterator[Span]:
    for match in _CAR_NOW.finditer(text):
        if match.group(3).isupper() or not match.group(2) or _VEHICLE.search(text):
            yield match.start(), match.end(), "car_reg"
    for match in _CAR_OLD.finditer(text):
        if sum(letter.isdigit() for letter in match.group()) == 3 or _VEHICLE.search(text):
            yield match.start(), match.end(), "car_reg"


def _births(text: str) -> Iterator[Span]:
    for pattern in (_BORN, _BORN_AFTER):
        for match in pattern.finditer(text):
            yield match.start(1), match.end(1), "dob"


def _lower_addresses(text: str) -> Iterator[Span]:
    for match in _ADDRESS_LOWER.finditer(text):
        yield match.start(), match.end(), "address"


_BY_DIGITS: Final[tuple[Callable[[str], Iterator[Span]], ...]] = (
    _nhs_numbers,
    _ninos,
    _phones,
    _births,
    _postcodes,
    _cars,
    _lower_addresses,
)
