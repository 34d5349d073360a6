"""Makes data/letters.csv, the model of the letters of names, from data/lexicon.csv; see data/SOURCES.md."""

import csv
import zlib
from collections.abc import Iterable, Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from shared.redaction.letters import threes
from shared.redaction.lexicon import NAME, WORD
from shared.redaction.loader import DATA, load_lexicon

HELD_OUT_PERCENT = 15
"""Names that the models do not see as listed while they learn, so that they learn to do without the list."""


def is_held_out(name: str) -> bool:
    """Say whether a name plays an unlisted one while the models learn.

    Args:
        name: A folded name.

    Returns:
        The same answer for the same name, on every machine.
    """
    return zlib.crc32(name.encode()) % 100 < HELD_OUT_PERCENT


def fitted(
    rows: Sequence[Iterable[int]], answers: np.ndarray, width: int, shares: np.ndarray, penalty: float
) -> np.ndarray:
    """Fit a logistic model of present or absent signs.

    Args:
        rows: For each example the columns that are present.
        answers: For each 1.0 or 0.0.
        width: Number of columns; the first is the constant and is not held down.
        shares: For each example how much it counts.
        penalty: Weight of the squared sizes, the usual ridge.

    Returns:
        The weight of each column.
    """
    lists = [list(row) for row in rows]
    places = np.cumsum([0, *(len(row) for row in lists)])
    columns = np.fromiter((column for row in lists for column in row), dtype=np.int32)
    table = csr_matrix((np.ones(len(columns)), columns, places), shape=(len(lists), width))
    held = np.full(width, penalty)
    held[0] = 0.0

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = table @ weights
        chance = 1 / (1 + np.exp(-scores))
        cost = shares @ (np.logaddexp(0, scores) - answers * scores) + 0.5 * held @ weights**2
        return cost, table.T @ (shares * (chance - answers)) + held * weights

    return np.asarray(minimize(loss, np.zeros(width), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x)


def main() -> None:
    """Fit names against ordinary words, each side counting half, and write the weights of groups that occur often."""
    codes = load_lexicon().codes
    names = [word for word, code in codes.items() if code & NAME and not code & WORD and not is_held_out(word)]
    words = [word for word, code in codes.items() if code & WORD and not code & NAME]
    seen: dict[str, int] = {}
    for word in (*names, *words):
        for three in set(threes(word)):
            seen[three] = seen.get(three, 0) + 1
    columns = {"": 0} | {three: place for place, three in enumerate(sorted(t for t, n in seen.items() if n >= 25), 1)}
    rows = [[0, *(columns[three] for three in set(threes(word)) if three in columns)] for word in (*names, *words)]
    answers = np.array([1.0] * len(names) + [0.0] * len(words))
    shares = np.where(answers == 1.0, len(words) / len(names), 1.0)
    weights = fitted(rows, answers, len(columns), shares, 1.0)
    with (DATA / "letters.csv").open("w", encoding="ascii", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            (three, f"{weights[place]:.2f}") for three, place in columns.items() if abs(weights[place]) >= 0.05
        )


if __name__ == "__main__":
    main()
