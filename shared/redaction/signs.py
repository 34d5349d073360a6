"""Writes down the signs that a word and its surroundings give for or against a name; how much each counts is learnt."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.redaction.letters import name_likeness
from shared.redaction.lexicon import CLASS, NAME, TITLES, WORD, Case, Mark, Word

_THINGS: Final = Mark.THING | Mark.PLACE | Mark.CARE | Mark.DATE
_BOUNDS: Final = (-3.0, -1.5, -0.5, 0.5, 1.5, 3.0)
_CAPITAL: Final = frozenset([Case.TITLE, Case.SENTENCE, Case.CAPITALS, Case.LETTER])


def may_be_name(words: Sequence[Word], place: int) -> bool:
    """Say whether a word is worth weighing.

    Args:
        words: The words of a text.
        place: Which of them.

    Returns:
        False for what is an ordinary word, written as one.
    """
    word = words[place]
    case, code = word.case, word.code
    if case == Case.PLACEHOLDER or len(word.folded) < 2:
        return False
    if code & NAME or not code & WORD or code & Mark.KNOWN:
        return True
    if case in (Case.TITLE, Case.CAPITALS):
        return True
    return place > 0 and bool(words[place - 1].code & TITLES)


def signs_of(
    words: Sequence[Word], place: int, letters: Mapping[str, float], before_is_name: bool, second_before_is_name: bool
) -> list[str]:
    """Write down the signs of one word.

    Args:
        words: The words of a text.
        place: Which of them.
        letters: The model of letters.
        before_is_name: Whether the word before was taken for a name.
        second_before_is_name: Whether the one before that was.

    Returns:
        The signs; each has a weight or counts nothing.
    """
    word = words[place]
    code, case, folded = word.code, word.case, word.folded
    kind = f"{code & CLASS}{case}"
    group = "c" if case in _CAPITAL else case
    signs = ["", f"k{kind}"]
    if code & _THINGS:
        signs.append(f"m{(code & _THINGS) >> 11}{group}")
    if code & NAME and code & WORD:
        signs.append(f"w{folded}|{group}")
    elif code & WORD == 0:
        likeness = name_likeness(folded, letters)
        listed = "r" if code & NAME else "u"
        signs.append(f"g{listed}{sum(likeness > bound for bound in _BOUNDS)}{case}")
    if word.possessive:
        signs.append(f"s{group}{'w' if code & WORD else 'n'}")
    _add_before(signs, words, place, group, kind, before_is_name, second_before_is_name)
    _add_after(signs, words, place, group)
    return signs


def _add_before(
    signs: list[str], words: Sequence[Word], place: int, group: str, kind: str, is_name: bool, second_is_name: bool
) -> None:
    gap = words[place].gap
    if not place:
        signs.append(f"p{_mark(gap.strip()[-1:]) or '^'}{group}")
        return
    before = words[place - 1]
    title = before.code & TITLES
    if gap == " " or (gap == ". " and (title or before.case == Case.LETTER)):
        signs += (f"p={before.folded}|{group}", f"q{before.code & CLASS}{before.case}{group}")
        if title:
            signs.append(f"t{kind}" if title & Mark.TITLE_IN_ANY_CASE else f"i{before.case}{kind}")
        if is_name:
            signs += (f"a{kind}", f"a{group}")
        if before.case == Case.LETTER and not (place > 1 and words[place - 2].code & Mark.NO_INITIAL_AFTER):
            signs += (f"j{kind}", f"j{group}")
        if words[place].code & Mark.PLACE:
            signs.append(f"h={before.folded}")
        if place > 1 and before.gap == " ":
            signs.append(f"o={words[place - 2].folded}|{group}")
            if second_is_name and before.folded == "and":
                signs.append(f"b{group}")
    else:
        edge = gap.strip()
        signs.append(f"p{_mark(edge[-1:]) or ' '}{group}")
        if is_name and edge in (",", "&", "/", "-", "+"):
            signs.append(f"b{group}")


def _add_after(signs: list[str], words: Sequence[Word], place: int, group: str) -> None:
    if place + 1 == len(words):
        signs.append(f"n${group}")
        return
    after = words[place + 1]
    gap = after.gap
    if gap == " ":
        owner = "'" if words[place].possessive else ""
        folded = after.folded
        signs += (
            f"n{owner}={folded}|{group}",
            f"x{owner}{folded[-2:]}|{group}",
            f"r{owner}{after.code & CLASS}{after.case}{group}",
        )
        if place + 2 < len(words) and words[place + 2].gap == " ":
            signs.append(f"f={words[place + 2].folded}|{group}")
    else:
        edge = gap.strip()
        signs.append(f"n{_mark(edge[:1]) or ' '}{group}")


def _mark(letter: str) -> str:
    return "0" if letter.isdigit() else letter
