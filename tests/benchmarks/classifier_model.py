"""The model as a pure function: reports a second on one core, against a floor in the same run.

The floor is what any classifier of words must do: cut a text into words and look up one row of weights for each word
and each pair of neighbours, summed with numpy. Ours reads patterns, rules and duties besides, decides all labels
together and shows the words that led to each. Texts are those of median length; rounds take both in turn on one core.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from services.classifier.domain.classify import Asked, Classifier
from services.classifier.domain.model_file import FOLDER
from services.classifier.training.gold import read_passes
from shared.runtime.memory import settle
from shared.taxonomy.loader import load_taxonomy

ROUNDS = 7
TEXTS = 4_000
BATCH = 200
MEDIAN_WORDS = range(25, 30)
OUTPUTS = 98


def reports() -> list[Asked]:
    """Invented texts of about median length, again and again."""
    golds = [gold for gold in read_passes(FOLDER / "texts") if len(gold.text.split()) in MEDIAN_WORDS]
    return [Asked(golds[n % len(golds)].text, golds[n % len(golds)].setting) for n in range(TEXTS)]


def floor_of(asked: list[Asked]) -> Callable[[list[Asked]], None]:
    """A bag of words and pairs with a row of weights for each, and nothing else."""
    word = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
    places: dict[str, int] = {}
    for report in asked:
        words = word.findall(report.text.lower())
        for name in (*words, *map(" ".join, itertools.pairwise(words))):
            places.setdefault(name, len(places))
    rows = np.ones((len(places), OUTPUTS), np.float32)

    def classify(batch: list[Asked]) -> None:
        for report in batch:
            words = word.findall(report.text.lower())
            names = (*words, *map(" ".join, itertools.pairwise(words)))
            scores = rows[[places[name] for name in names if name in places]].sum(axis=0)
            (1.0 / (1.0 + np.exp(-scores))).tolist()

    return classify


def measured() -> dict[str, float]:
    """Reports a second of both, medians of interleaved rounds by CPU time."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    asked = reports()
    classifier = Classifier(load_taxonomy())
    sides: dict[str, Callable[[list[Asked]], Any]] = {"ours": classifier.classify_many, "floor": floor_of(asked)}
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    settle()
    for turn in range(ROUNDS):
        for who in ("ours", "floor") if turn % 2 else ("floor", "ours"):
            cpu = time.process_time()
            for start in range(0, TEXTS, BATCH):
                sides[who](asked[start : start + BATCH])
            rates[who].append(TEXTS / (time.process_time() - cpu))
    return {who: statistics.median(found) for who, found in rates.items()}


def run(_kafka: str = "", _mongo: str = "") -> list[dict[str, Any]]:
    """Measure in a process of its own and return one row for the table; it needs no engine."""
    command = [sys.executable, "-m", "tests.benchmarks.classifier_model"]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    out = subprocess.run(command, capture_output=True, text=True, check=True, env=one_thread)
    rates = json.loads(out.stdout.splitlines()[-1])
    return [
        {
            "what": "classifier model, one core, by CPU",
            "unit": "reports/s",
            "ours": rates["ours"],
            "floor": rates["floor"],
            "ratio": rates["ours"] / rates["floor"],
        }
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured()) + "\n")
