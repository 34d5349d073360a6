"""The small pattern language of the taxonomy's data files, over words and not over characters.

A pattern is words parted by blanks. `a/b` is either word, `drug*` any word that begins so, `word?` may be left out,
`~3` stands for up to three words, `<n>` for a word that begins with a digit, `<person>` for a typed placeholder. A
leading `^` makes the whole pattern void where the sentence negates it. No pattern reaches over the end of a sentence.
"""

import re
from dataclasses import dataclass
from typing import Final

_WORD: Final = re.compile(r"(?:[a-z0-9]+(?:'[a-z]+)?\*?|<[a-z_]+>)")
_MAX_GAP: Final = 9
_MIN_PREFIX: Final = 2
NUMBER: Final = "<n>"

# Words that say little about where a pattern applies; any other word is the better anchor to look a pattern up by.
_COMMON_WORDS: Final = """
a an and any are as at be been but by came can could did didn't do does down for from get got had has have he
her him his i in is isn't it its left more my never no not of off on one only or other our out over put she so
some still that the their them then there they this to told too up was wasn't we were when which who will with
without wrong you
"""
_COMMON: Final = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a pattern: the words that fit it, or a gap.

    Attributes:
        words: Whole words that fit.
        prefixes: Beginnings of words that fit.
        optional: Whether the place may be empty.
        gap: For a gap, how many words it may span at most; 0 for a word.
    """

    words: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    optional: bool = False
    gap: int = 0

    def fits(self, token: str) -> bool:
        """Tell whether one word of a text fits this place.

        Args:
            token: The word in lower case.

        Returns:
            True when it is one of the words, begins as one of the prefixes, or begins with a digit where `<n>` stands.
        """
        return (
            token in self.words
            or (bool(self.prefixes) and token.startswith(self.prefixes))
            or (NUMBER in self.words and token[:1].isdigit())
        )


@dataclass(frozen=True, slots=True)
class Pattern:
    """A parsed pattern.

    Attributes:
        text: The pattern as written.
        elements: Its places in order.
        anchor: The index of the place by which it is looked up.
        void_if_negated: Whether a negation before it makes it void.
    """

    text: str
    elements: tuple[Element, ...]
    anchor: int
    void_if_negated: bool


def parse_pattern(text: str) -> Pattern:
    """Read one pattern of the data files.

    Args:
        text: The pattern in the language of this module.

    Returns:
        The pattern, with its anchor chosen.

    Raises:
        ValueError: the text is no pattern; the message says which part and why.
    """
    body = text.removeprefix("^")
    elements = tuple(_element(part) for part in body.split())
    fixed = [index for index, element in enumerate(elements) if not element.gap and not element.optional]
    if not fixed:
        raise ValueError(f"pattern {text!r} has no word that must be there")
    if fixed[0] != 0 or fixed[-1] != len(elements) - 1:
        raise ValueError(f"pattern {text!r} must begin and end with a word that must be there")
    telling = [index for index in fixed if not elements[index].words & _COMMON]
    return Pattern(text, elements, (telling or fixed)[0], text.startswith("^"))


def _element(part: str) -> Element:
    if part.startswith("~"):
        if not part[1:].isdigit() or not 1 <= int(part[1:]) <= _MAX_GAP:
            raise ValueError(f"gap {part!r} must be ~1 to ~{_MAX_GAP}")
        return Element(gap=int(part[1:]))
    optional = part.endswith("?")
    words, prefixes = [], []
    for choice in part.removesuffix("?").split("/"):
        if not _WORD.fullmatch(choice):
            raise ValueError(f"{choice!r} in {part!r} is no word in lower case")
        if not choice.endswith("*"):
            words.append(choice)
        elif len(choice) <= _MIN_PREFIX:  # the star counts as one
            raise ValueError(f"prefix {choice!r} needs {_MIN_PREFIX} letters or more")
        else:
            prefixes.append(choice[:-1])
    return Element(frozenset(words), tuple(prefixes), optional)
