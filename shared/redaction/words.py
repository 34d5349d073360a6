"""Cuts a text into words with what the lexicon knows of them; what is a name is decided elsewhere."""

import re
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, NamedTuple

from shared.redaction.lexicon import FIRST, LAST, NAME, TITLES, WORD, Case, Mark, Usual, Word, fold

_LETTERS: Final = r"[^\W\d_]+(?:[\u0300-\u036f]+[^\W\d_]*)*"
_WORD: Final = re.compile(rf"(\[[A-Z_]+_\d+\](?:['’]s)?|{_LETTERS}(?:['’ʼ\-‐‑]{_LETTERS})*)")
"""One group, so that splitting a text by it gives the words and what stands between them in turn."""
_WORD_OF_ASCII: Final = re.compile(r"([A-Za-z]+(?:['\-][A-Za-z]+)*|\[[A-Z_]+_\d+\](?:'s)?)")
"""The same, sooner, for a text of nothing else."""
_TAKEN_BEFORE: Final = re.compile(r"\[[A-Z_]+_\d+\]")
_LETTERS_OF_A_HABIT: Final = 12
_COMMON_FIRST: Final = 2
_COMMON_LAST: Final = 2 << 2
_LARGE: Final = string.ascii_uppercase.encode()
_SMALL: Final = string.ascii_lowercase.encode()
_BEFORE_SENTENCE: Final = " \t\"'“‘(*>-–—•"
_SENTENCE_ENDS: Final = ".!?:;\n\r…/|"
_PLAINLY_AFTER: Final = " .,"
_ARTICLES: Final = ("al-", "el-", "ul-", "ad-", "as-", "ar-")
_ENDINGS: Final = ("'s", "'d", "'ll", "'ve", "'re", "'m")
_MAKE: Final = tuple.__new__
"""Makes a word in less than half of the time that its own class takes."""
_USUAL: Final = re.compile(r"(?<![^\W\d_])[A-ZÀ-ÖØ-ÞŁŚŻŠŽĆČĐ][a-zß-öø-ÿąćęłńóśźżășțšžčđ]")


@dataclass(slots=True)
class Cut:
    """A text in words.

    Attributes:
        text: The text.
        words: The words in order.
        odd: Places of those that may be names; the others are ordinary words, written as such.
        begins: Where each begins; None until somebody asks.
    """

    text: str
    words: list[Word]
    odd: Sequence[int]
    begins: list[int] | None = None

    def starts(self) -> list[int]:
        """Return where each word begins; most texts hold no name, and nobody asks."""
        if self.begins is None:
            self.begins = list(accumulate(map(len, _pattern_of(self.text).split(self.text))))[:-1:2]
        return self.begins


def cut(
    text: str,
    codes: Mapping[str, int],
    known_names: Iterable[str] = (),
    taken: Sequence[tuple[int, int]] = (),
    usual: Usual | None = None,
) -> Cut:
    """Cut a text into words.

    Args:
        text: Any text; typed placeholders of an earlier redaction count as words that are no names.
        codes: What the lexicon knows of each word.
        known_names: Names of people of the site; each part of two letters or more is marked.
        taken: Spans that are something else; their words stand as placeholders will.
        usual: Words made beforehand, see `Lexicon.usual`; without them all is the same, and later.

    Returns:
        The words in order, and which may be names.
    """
    parts = [part for name in known_names for part in _WORD.findall(name) if len(part) > 1]
    known = frozenset(map(fold, parts))
    writing = _Writing(text, codes, known, habit_is_silent(text, taken))
    if taken or known:
        return _cut_around(writing, taken)
    made = {} if usual is None else usual.in_silence if writing.silent else usual.in_small
    return _cut_plainly(writing, made)


def _pattern_of(text: str) -> re.Pattern[str]:
    return _WORD_OF_ASCII if text.isascii() else _WORD


class _Writing(NamedTuple):
    """A text, what is known of words in it, and whether its capitals say nothing."""

    text: str
    codes: Mapping[str, int]
    known: frozenset[str]
    silent: bool


def _cut_plainly(writing: _Writing, usual: Mapping[str, Word]) -> Cut:
    """Make words of a text of which nothing was taken; each word of most reports goes through here.

    No word has a space in it, so that the text is cut there first: most of its pieces are usual words.
    """
    text = writing.text
    split = _pattern_of(text).split
    words: list[Word] = []
    odd: list[int] = []
    gap, after_title = "", False
    last: Word | None = None
    for piece in text.split(" "):
        word, behind = usual.get(piece), " "
        if word is None and piece[-1:] in ".,":
            word, behind = usual.get(piece[:-1]), f"{piece[-1:]} "
        if word is not None:
            if after_title:
                odd.append(len(words))
                after_title = False
            last = word if gap == " " else _beside(word, gap, "")
            words.append(last)
            gap = behind
            continue
        if piece.isalpha():
            odd.append(len(words))
            last = _word(piece, gap, "", writing, last, gap)
            after_title = bool(last.code & TITLES)
            words.append(last)
            gap = " "
            continue
        parts = split(piece)
        gap += parts[0]
        for number in range(1, len(parts), 2):
            odd.append(len(words))
            last = _word(parts[number], gap, parts[number + 1][:1], writing, last, gap)
            after_title = bool(last.code & TITLES)
            words.append(last)
            gap = parts[number + 1]
        gap += " "
    return Cut(text, words, odd)


def _beside(usual: Word, gap: str, after: str) -> Word:
    """Make a usual word that has something else than a space beside it."""
    if _is_glued(after, gap[-1:], usual.code):
        return Word(usual.folded, WORD, Case.SMALL, gap, False, usual.size)
    return _MAKE(Word, (usual.folded, usual.code, usual.case, gap, False, usual.size))


def _cut_around(writing: _Writing, taken: Sequence[tuple[int, int]]) -> Cut:
    """Make words of a text with names that are known, or with spans that are something else."""
    text = writing.text
    pieces = _pattern_of(text).split(text)
    words: list[Word] = []
    starts: list[int] = []
    last = end = 0
    ahead = iter(sorted(taken))
    span = next(ahead, None)
    for number in range(1, len(pieces), 2):
        written = pieces[number]
        start = end + len(pieces[number - 1])
        end = start + len(written)
        while span is not None and span[0] < end:  # what was taken is one word, letters in it or not
            words.append(placeholder(span[1] - span[0], text[last : span[0]]))
            starts.append(span[0])
            last = span[1]
            span = next(ahead, None)
        if start < last:
            if end > last and text[last] in "'’":
                last = end
            continue
        gap, last = text[last:start], end
        before = words[-1] if words else None
        lead = text[starts[-1] : start] if before and before.case == Case.PLACEHOLDER else gap
        words.append(_word(written, gap, pieces[number + 1][:1], writing, before, lead))
        starts.append(start)
    while span is not None:
        words.append(placeholder(span[1] - span[0], text[last : span[0]]))
        starts.append(span[0])
        last, span = span[1], next(ahead, None)
    return Cut(text, words, range(len(words)), starts)


def _word(written: str, gap: str, after: str, writing: _Writing, before: Word | None, lead: str) -> Word:
    """Make a word of what is written, between what stands before and after it.

    The lead is what says whether a sentence begins with it: the gap, and what was taken before it.
    """
    _, codes, known, silent = writing
    large = written[0].isupper()
    folded, size, possessive = written.lower() if large else written, len(written), False
    code = codes.get(folded)
    if code is None:
        if written[0] == "[":
            return placeholder(size, gap)
        folded, code, size, possessive = _known_of(written, codes)
    if known and folded in known:
        code |= Mark.KNOWN
    case = Case.UNKNOWN if silent else Case.SMALL
    if (gap != " " or after not in _PLAINLY_AFTER) and _is_glued(after, gap[-1:], code):
        code, case = WORD, Case.SMALL
    elif large and not silent:
        case = _case(written, lead, before)
    return _MAKE(Word, (folded, code, case, gap, possessive, size))


def _is_glued(after: str, before: str, code: int) -> bool:
    """Whether a word is a part of a number, a unit or a key such as lot AB12 or oregon_ltc."""
    if after.isdigit() or before.isdigit():
        return True
    return "_" in (after, before) and code & FIRST != _COMMON_FIRST and code & LAST != _COMMON_LAST


def _known_of(written: str, codes: Mapping[str, int]) -> tuple[str, int, int, bool]:
    """Fold a word, look it up, and measure it without its possessive."""
    folded, size = written.lower(), len(written)
    if not folded.isascii():
        folded = fold(written)
    code = codes.get(folded)
    if code is not None:
        return folded, code, size, False
    folded, size, possessive = _without_ending(folded, size)
    code = _code_of(folded, codes)
    if not possessive and code & FIRST and not code & LAST and folded[-1] == "s" and folded not in codes:
        return folded, code, size - 1, True  # an apostrophe was left out
    return folded, code, size, possessive


def _without_ending(folded: str, size: int) -> tuple[str, int, bool]:
    if "'" in folded:
        for ending in _ENDINGS:
            if folded.endswith(ending):
                return folded[: -len(ending)], size - len(ending), True
    return folded, size, False


def _code_of(folded: str, codes: Mapping[str, int]) -> int:
    """What is known of a word that may be put together, or stand in the plural."""
    code = codes.get(folded)
    if code is not None:
        return code
    if folded.startswith(_ARTICLES):
        return codes.get(folded[3:], 0) & ~WORD
    if "-" in folded or "‐" in folded or "‑" in folded:
        parts = [codes.get(part, 0) for part in re.split("[-‐‑]", folded)]
        plain = [part for part in parts if part & WORD]
        return max(parts) if not plain else plain[0] & ~NAME | 3 << 4
    if len(folded) > 4 and folded[-1] == "s":
        return codes.get(folded[:-1], 0)
    return 0


def placeholder(size: int, gap: str) -> Word:
    """Make the word that stands for what was taken.

    Args:
        size: Letters and signs of what was taken.
        gap: What stands before it.

    Returns:
        A word that is no name and says nothing.
    """
    return Word("[", WORD, Case.PLACEHOLDER, gap, False, size)


def habit_is_silent(text: str, taken: Sequence[tuple[int, int]] = ()) -> bool:
    """Say whether the writer uses only small or only large letters, so that a capital says nothing.

    Args:
        text: Any text.
        taken: Spans that do not count, as placeholders do not.

    Returns:
        True where capitals say nothing.
    """
    for start, end in sorted(taken, reverse=True):
        text = f"{text[:start]}{text[end:]}"
    if "[" in text:
        text = _TAKEN_BEFORE.sub("", text)
    if text.islower():
        return True
    if _USUAL.search(text):
        large, small = _letters(text)
        return large > 2 * small and large > _LETTERS_OF_A_HABIT
    return not text[:1].isupper() or len(text) > _LETTERS_OF_A_HABIT


def _letters(text: str) -> tuple[int, int]:
    """Count the large and the small letters."""
    if not text.isascii():
        return sum(map(str.isupper, text)), sum(map(str.islower, text))
    plain = text.encode("ascii")
    return len(plain) - len(plain.translate(None, _LARGE)), len(plain) - len(plain.translate(None, _SMALL))


def _case(written: str, lead: str, before: Word | None) -> str:
    if len(written) == 1:
        return Case.LETTER
    if written.isupper():
        return Case.CAPITALS
    return Case.SENTENCE if _starts_sentence(lead, before) else Case.TITLE


def _starts_sentence(lead: str, before: Word | None) -> bool:
    end = lead.rstrip(_BEFORE_SENTENCE)[-1:]
    if not end:
        return before is None
    if end not in _SENTENCE_ENDS:
        return False
    abbreviated = end == "." and before.code & (Mark.TITLE | Mark.SAINT) if before else False
    return not abbreviated and not (before and end == "." and before.case == Case.LETTER)
