"""Fits weights to labels: penalised logistic regression for all heads at once, by L-BFGS, the same way each time."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

from services.classifier.domain.heads import Head, outputs_of, probabilities

_SMALLEST: Final = 1e-7
_STEPS_REMEMBERED: Final = 6
_TOLERANCE: Final = 1e7
"""In units of the machine's precision."""

Matrix = NDArray[np.float32]


def loss(scores: Matrix, wanted: Matrix, heads: dict[str, Head], weights: Matrix | None) -> tuple[float, Matrix]:
    """Return the negative log likelihood of all labels and its slope by the scores.

    Args:
        scores: A row for each text, a column for each output.
        wanted: The labels, 0 or 1, in the same shape.
        heads: The heads of the columns.
        weights: A factor for each text and output, or None for 1.
    """
    stated = probabilities(scores, heads)
    slope = stated - wanted
    terms = np.empty_like(scores)
    for head in heads.values():
        p, y = stated[:, head.place], wanted[:, head.place]
        terms[:, head.place] = -y * np.log(p + _SMALLEST)
        if head.several:
            terms[:, head.place] -= (1.0 - y) * np.log(1.0 - p + _SMALLEST)
    if weights is not None:
        slope = slope * weights
        terms = terms * weights
    return float(terms.sum(dtype=np.float64)), slope


def fit(
    texts: sparse.csr_matrix,
    units: sparse.csr_matrix,
    wanted: Matrix,
    heads: dict[str, Head],
    *,
    softness: float,
    steps: int,
    weights: Matrix | None = None,
) -> tuple[Matrix, Matrix]:
    """Fit one weight for each feature and output.

    Args:
        texts: Texts by units.
        units: Units by features.
        wanted: Labels of the texts.
        heads: The heads of the outputs.
        softness: The inverse of the ridge penalty (Hoerl and Kennard 1970); greater fits closer.
        steps: How many steps of L-BFGS (Liu and Nocedal 1989) are made at most.
        weights: A factor for each text and output.

    Returns:
        Weights of features by outputs, and the outputs' starting points.
    """
    outputs, size = outputs_of(heads), units.shape[1]
    texts32, units32 = texts.astype(np.float32), units.astype(np.float32)
    texts_back, units_back = texts32.T.tocsr(), units32.T.tocsr()

    def judged(point: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        flat = point.astype(np.float32)
        by_feature, start = flat[: size * outputs].reshape(size, outputs), flat[size * outputs :]
        value, slope = loss(texts32 @ (units32 @ by_feature) + start, wanted, heads, weights)
        by_feature_slope = units_back @ (texts_back @ slope) + by_feature / softness
        value += 0.5 * float((by_feature.astype(np.float64) ** 2).sum()) / softness
        return value, np.concatenate([by_feature_slope.ravel(), slope.sum(axis=0)]).astype(np.float64)

    share = np.clip(wanted.mean(axis=0), 1e-3, 1 - 1e-3)
    first = np.concatenate([np.zeros(size * outputs), np.log(share / (1 - share))])
    best, _, _ = optimize.fmin_l_bfgs_b(judged, first, m=_STEPS_REMEMBERED, factr=_TOLERANCE, maxiter=steps)
    found = best.astype(np.float32)
    return found[: size * outputs].reshape(size, outputs), found[size * outputs :]
