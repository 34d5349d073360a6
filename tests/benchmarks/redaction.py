"""Redaction against the least that any redactor of free text must do: cut the text into words and look each up.

Both run in this process on one core, in turn, several rounds; what is compared is CPU time, which other load on the
machine disturbs less than the wall clock. The texts are the redactor's own marked texts and the demo's.
"""

from __future__ import annotations

import json
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.redaction.lexicon import fold
from shared.redaction.loader import DATA, load_lexicon
from shared.redaction.redact import redact

ROUNDS = 5
REPEATS = 4
DEMO = Path(__file__).resolve().parents[2] / "deploy" / "demo" / "reports.ndjson"


def texts() -> list[str]:
    """The texts; their median length is printed with the result."""
    files = (DATA / "gold" / "development.ndjson", DATA / "gold" / "held_out.ndjson", DEMO)
    return [
        json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()
    ] * REPEATS


def words_a_second(work: Callable[[str], object], chosen: list[str]) -> float:
    """CPU seconds turned into words, so that short and long texts compare."""
    words = sum(len(text.split()) for text in chosen)
    began = time.process_time()
    for text in chosen:
        work(text)
    return words / (time.process_time() - began)


def run(_kafka: str = "", _mongo: str = "") -> list[dict[str, Any]]:
    """Take turns and return one row for the table, in reports of 27 words."""
    codes, word = load_lexicon().codes, re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
    chosen = texts()
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(ROUNDS):
        floor.append(words_a_second(lambda text: [codes.get(fold(found)) for found in word.findall(text)], chosen))
        ours.append(words_a_second(redact, chosen))
    per_second, least = statistics.median(ours) / 27, statistics.median(floor) / 27
    return [
        {
            "what": "redaction, reports of 27 words",
            "unit": "1/s CPU",
            "ours": per_second,
            "floor": least,
            "ratio": per_second / least,
        }
    ]


if __name__ == "__main__":
    for row in run():
        print(row)
