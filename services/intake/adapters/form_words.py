"""What is data and not code: words of the report form by language, numbers outside the house, times of retention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from services.intake.domain.retention import Retention, read_retention

DATA = Path(__file__).resolve().parent.parent / "data"
FIRST_LANGUAGE = "en"


class WordsIncomplete(Exception):
    """A language lacks words that the first one has; the message names them."""


@dataclass(frozen=True, slots=True)
class FormWords:
    """What the form says, by language, and whom one can call.

    Attributes:
        languages: Words by key, by BCP 47 code.
        numbers: Telephone numbers by body; `councils` has those of councils by name.
    """

    languages: Mapping[str, Mapping[str, str]]
    numbers: Mapping[str, Any]

    def of(self, language: str | None) -> tuple[str, Mapping[str, str]]:
        """Return a language's code and words; those of the first language where it is not known."""
        code = language if language is not None and language in self.languages else FIRST_LANGUAGE
        return code, self.languages[code]


def load_form_words(folder: Path = DATA) -> FormWords:
    """Read all languages.

    Args:
        folder: Holds `form/<code>.yaml` and `outside_numbers.yaml`.

    Raises:
        WordsIncomplete: a language has other keys than the first one.
    """
    read = {path.stem: yaml.safe_load(path.read_text("utf-8")) for path in sorted((folder / "form").glob("*.yaml"))}
    languages = {FIRST_LANGUAGE: read[FIRST_LANGUAGE]} | read
    wrong = [
        f"{code}: {', '.join(sorted(odd))}"
        for code, words in languages.items()
        if (odd := set(words) ^ set(languages[FIRST_LANGUAGE]))
    ]
    if wrong:
        raise WordsIncomplete("; ".join(wrong))
    return FormWords(languages, yaml.safe_load((folder / "outside_numbers.yaml").read_text("utf-8")))


def load_retention(folder: Path = DATA) -> Retention:
    """Read the classes of retention."""
    return read_retention(yaml.safe_load((folder / "retention.yaml").read_text("utf-8")))


def load_return_words(folder: Path = DATA) -> list[str]:
    """Read the words that return codes are made of."""
    return (folder / "return_words.txt").read_text("utf-8").split()
