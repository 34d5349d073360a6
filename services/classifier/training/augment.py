"""Writes each training text once more as somebody in a hurry would: slips, no stops, a sentence beside the matter."""

from __future__ import annotations

import random
import zlib
from typing import Final

from services.classifier.training.perturb import no_punctuation, typos

WEIGHT_AS_WRITTEN: Final = 0.6
WEIGHT_CHANGED: Final = 0.4
_SHARE_WITH_SENTENCE: Final = 0.4
# None of them stands in the changes that the model is measured under.
_BESIDE_THE_MATTER: Final = (
    "Just so you know I am on a late tomorrow.",
    "Nice and sunny out today.",
    "The Christmas tree goes up at the weekend.",
    "We had a new kettle delivered.",
    "Busy in town this morning.",
    "My shift ended at eight.",
    "I have worked here four years now.",
    "Football was on the telly.",
    "The new sofa looks good in the lounge.",
    "It was raining when I came in.",
    "I will be in again on Monday.",
    "This was on my way round after the first tea.",
    "The cat was asleep on the windowsill.",
    "There was a birthday cake for the twins next door.",
    "The painters have nearly finished upstairs.",
    "I took the bus in because the car is being serviced.",
    "We were listening to the cricket.",
    "The roses by the gate are out.",
    "Clocks go back on Sunday.",
    "Anyway that is me done for the day.",
    "Writing this on my break.",
    "It had been a nice quiet morning up to then.",
    "School run made me a bit warm, so I had a glass of water first.",
    "The hairdresser comes on Thursdays.",
    "New mugs in the staff kitchen, by the way.",
    "The library van was outside.",
    "I had only just hung my coat up.",
    "Summer fete is on the 14th.",
    "There is a lovely robin in the garden.",
    "Radio 2 as usual.",
)


def changed(text: str) -> str:
    """Change a text without changing what it says, the same way each time.

    Args:
        text: What was written.

    Returns:
        The text with slips, without stops, or both; in two of five with a sentence beside the matter.
    """
    chance = random.Random(zlib.crc32(text.encode()[::-1]))  # noqa: S311 - nothing secret hangs on it
    kind = chance.randrange(3)
    result = text if kind == 1 else typos(text)
    if chance.random() < _SHARE_WITH_SENTENCE:
        sentence = chance.choice(_BESIDE_THE_MATTER)
        result = f"{sentence} {result}" if chance.random() < 0.5 else f"{result} {sentence}"
    return result if kind == 2 else no_punctuation(result)
