"""The reporter's way back without a name: a code of four plain words, of which only a keyed hash is kept.

Four of 1,024 words are 40 bits. At the bound of a hundred wrong guesses a minute, with 100,000 reports stored, some
one of them is hit after 76 days of guessing without a pause (2**40 / 100,000 / 100 minutes); a given one after 20,000
years.
"""

from __future__ import annotations

import hmac
import math
import re
from collections.abc import Sequence

from services.intake.domain.pseudonyms import derive_key

WORDS_IN_CODE = 4
WORDS_NEEDED = 1024
_SPLIT = re.compile(r"[^a-z]+")


class ReturnCodes:
    """Makes codes and the hashes under which they are found again.

    Args:
        secret: The installation's pseudonym key; another one would void every code.
        words: The list, a power of two long, so that every code is equally likely.

    Raises:
        ValueError: the list is not as long as it must be, or names a word twice.
    """

    def __init__(self, secret: bytes, words: Sequence[str]) -> None:
        if len(words) != WORDS_NEEDED or len(set(words)) != WORDS_NEEDED:
            raise ValueError(f"the list of return words needs {WORDS_NEEDED} different words")
        self._words = tuple(words)
        self._known = frozenset(words)
        self._making = derive_key(secret, "return-code")
        self._finding = derive_key(secret, "return-hash")

    @property
    def entropy_bits(self) -> float:
        """Return how many bits a guesser has to find."""
        return WORDS_IN_CODE * math.log2(len(self._words))

    def code_of(self, provider_id: str, form_key: str) -> str:
        """Return the code of a report: the same for the same form, so that sending it again shows the same words.

        Args:
            provider_id: The tenant.
            form_key: The random key that the form was handed out with (128 bits).
        """
        digest = hmac.digest(self._making, f"{provider_id}|{form_key}".encode(), "sha256")
        number = int.from_bytes(digest[:8], "big")
        chosen = []
        for _ in range(WORDS_IN_CODE):
            number, place = divmod(number, len(self._words))
            chosen.append(self._words[place])
        return " ".join(chosen)

    def read(self, said: str) -> str | None:
        """Return the code that somebody typed, whatever stands between its words; None where it cannot be one."""
        words = [word for word in _SPLIT.split(said.lower()) if word]
        if len(words) != WORDS_IN_CODE or not self._known.issuperset(words):
            return None
        return " ".join(words)

    def hash_of(self, code: str) -> bytes:
        """Return the keyed hash of a code; without the key a stolen database gives no code away."""
        return hmac.digest(self._finding, code.encode(), "sha256")
