"""Says how much the letters of a word look like those of a name: a logistic model over three letters in a row."""

from collections.abc import Iterator, Mapping


def threes(folded: str) -> Iterator[str]:
    """Yield what the model counts: three letters in a row, the edges of the word included.

    Args:
        folded: A folded word.

    Yields:
        Each group of three letters.
    """
    padded = f"^{folded}$"
    for place in range(len(padded) - 2):
        yield padded[place : place + 3]


def name_likeness(folded: str, letters: Mapping[str, float]) -> float:
    """Score how much a word looks like a name.

    Args:
        folded: A folded word of at least one letter.
        letters: The model's weights; "" is its constant.

    Returns:
        Log-odds of a name against an ordinary word, both taken to be as frequent.
    """
    return letters.get("", 0.0) + sum(letters.get(three, 0.0) for three in threes(folded))
