"""Turns gold labels into the outputs that the model is fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.classifier.domain.heads import NONE, Head, Outcome, outputs_of
from services.classifier.training.gold import Gold


def targets(texts: Sequence[Gold], heads: dict[str, Head]) -> NDArray[np.float32]:
    """Return a row of zeros and ones for each text.

    Args:
        texts: Texts that have all labels.
        heads: The model's heads.

    Raises:
        ValueError: a label is in no head; names text, field and label.
    """
    wanted = np.zeros((len(texts), outputs_of(heads)), dtype=np.float32)
    for row, text in zip(wanted, texts, strict=True):
        for head in heads.values():
            for label in _answers(text.labels, head.name):
                if label not in head.labels:
                    raise ValueError(f"{text.id}: {label!r} is no answer to {head.name}")
                row[head.start + head.labels.index(label)] = 1.0
    return wanted


def _answers(labels: Mapping[str, Any], head: str) -> Sequence[str]:
    if head == "outcome":
        return (Outcome(labels["is_near_miss"], labels["escalate"]).name,)
    value = labels[head]
    return value if isinstance(value, tuple) else (value or NONE,)
