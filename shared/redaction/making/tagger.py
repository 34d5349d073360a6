"""Makes data/tagger.csv, how much each sign of a name counts, from invented texts with their names marked.

`python -m shared.redaction.making.tagger TEXTS`, where TEXTS is the folder of the classifier's invented texts.
"""

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from shared.redaction.lexicon import NAME, WORD, Lexicon
from shared.redaction.loader import DATA, load_lexicon
from shared.redaction.making.letters import fitted, is_held_out
from shared.redaction.making.variants import Spans, Teller
from shared.redaction.names import is_after_name
from shared.redaction.rules import decided_by_rule
from shared.redaction.signs import may_be_name, signs_of
from shared.redaction.words import cut

TELLINGS: Final = 5
SEEN_AT_LEAST: Final = 12
PENALTY: Final = 1.5

GOLD: Final = DATA / "gold"

Told = tuple[str, Spans]


def marked(path: Path) -> Iterator[Told]:
    """Read a file of texts and spans.

    Args:
        path: A file of lines {"id","text","spans"}.

    Yields:
        Each text and the spans of its names.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["text"], sorted((start, end) for start, end, kind in row["spans"] if kind == "person_name")


def marked_elsewhere(names: Path, texts: Path) -> Iterator[Told]:
    """Read texts that are kept in one place and the names in them, kept in another.

    Args:
        names: A CSV of id, start, end and name; a text without names has one line with only its id.
        texts: A folder of TSV files with the columns id and text.

    Yields:
        Each text whose names are known and are still where they were, and their spans.
    """
    known: dict[str, list[tuple[int, int, str]]] = {}
    with names.open(encoding="utf-8") as file:
        for identity, start, end, name in csv.reader(file):
            spans = known.setdefault(identity, [])
            if name:
                spans.append((int(start), int(end), name))
    for path in sorted(texts.glob("*.tsv")):
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                found = known.get(row["id"])
                if found is not None and all(row["text"][start:end] == name for start, end, name in found):
                    yield row["text"], [(start, end) for start, end, _ in found]


def tellings(texts: Iterable[Told], lexicon: Lexicon, seed: int) -> Iterator[Told]:
    """Tell every text as it is and with other people.

    Args:
        texts: Marked texts.
        lexicon: Whose names are put in.
        seed: Where chance begins.

    Yields:
        Marked texts.
    """
    lists = (
        [word.title() for word, code in lexicon.codes.items() if code & 0b11 and not code & WORD],
        [word.title() for word, code in lexicon.codes.items() if code & 0b1100 and not code & WORD],
    )
    words = (
        [word.title() for word, code in lexicon.codes.items() if code & 0b11 and code & WORD],
        [word.title() for word, code in lexicon.codes.items() if code & 0b1100 and code & WORD],
    )
    teller = Teller(lexicon.origins, lists, words, seed)
    for text, spans in texts:
        yield text, spans
        for _ in range(TELLINGS):
            told, other = teller.told(text, spans)
            if other or told != text:
                yield told, other


def examples(told: Iterable[Told], lexicon: Lexicon, held_out: bool) -> Iterator[tuple[list[str], bool]]:
    """Weigh every word that may be a name.

    Args:
        told: Marked texts.
        lexicon: What is known of words.
        held_out: Whether the names that are held out count as unlisted.

    Yields:
        The signs of a word and whether it is part of a name.
    """
    codes = {
        word: code & ~NAME if held_out and code & NAME and not code & WORD and is_held_out(word) else code
        for word, code in lexicon.codes.items()
    }
    for text, spans in told:
        cut_up = cut(text, codes)
        words = cut_up.words
        named = [any(start <= begin < end for start, end in spans) for begin in cut_up.starts()]
        for place, is_name in enumerate(named):
            before, second = is_after_name(words, named, place), place > 1 and named[place - 2]
            if may_be_name(words, place) and decided_by_rule(words, place, before, lexicon.phrases) is None:
                yield signs_of(words, place, lexicon.letters, before, second), is_name


def fit(told: Iterable[Told], lexicon: Lexicon) -> dict[str, float]:
    """Learn the weights.

    Args:
        told: Marked texts.
        lexicon: What is known of words.

    Returns:
        Sign to weight.
    """
    weighed = list(examples(told, lexicon, held_out=True))
    seen = Counter(sign for signs, _ in weighed for sign in signs)
    columns = {"": 0} | {s: p for p, s in enumerate(sorted(s for s, n in seen.items() if n >= SEEN_AT_LEAST and s), 1)}
    rows = [[columns[sign] for sign in signs if sign in columns] for signs, _ in weighed]
    answers = np.array([float(is_name) for _, is_name in weighed])
    weights = fitted(rows, answers, len(columns), np.ones(len(rows)), PENALTY)
    return {sign: float(weights[place]) for sign, place in columns.items() if abs(weights[place]) >= 0.02}


def main() -> None:
    """Learn from the invented texts and the development set, never from the held-out set, and write the weights."""
    lexicon = load_lexicon()
    texts = [*marked_elsewhere(GOLD / "names_in_texts.csv", Path(sys.argv[1])), *marked(GOLD / "development.ndjson")]
    weights = fit(tellings(texts, lexicon, seed=1), lexicon)
    with (DATA / "tagger.csv").open("w", encoding="utf-8", newline="") as file:
        file.writelines(f"{sign},{weight:.2f}\n" for sign, weight in sorted(weights.items()))
    sys.stdout.write(f"{len(weights)} signs\n")


if __name__ == "__main__":
    main()
