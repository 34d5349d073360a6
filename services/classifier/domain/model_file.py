"""Writes and reads the files of the trained model; the only part of this room that opens a file."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from services.classifier.domain.classification import MODEL_VERSION
from services.classifier.domain.features import Concepts
from services.classifier.domain.heads import heads_of, outputs_of
from services.classifier.domain.model import Model, Weights
from services.classifier.domain.version import generation_of
from shared.taxonomy.model import Taxonomy

FOLDER: Final = Path(__file__).resolve().parents[1] / "data"
MODEL_FILE: Final = FOLDER / "model.npz"
CONCEPTS_FILE: Final = FOLDER / "concepts.txt"
_KIND: Final = "linear"
_DIGITS_OF_HASH: Final = 8
_BETWEEN: Final = "\n"
_ROWS: Final = ("rows", "piece_rows", "concept_rows")
_NAMES: Final = ("units", "pieces", "concepts")
_OTHERS: Final = ("rarity", "start", "slope", "offset")


class ModelFileError(ValueError):
    """The model's files do not fit this code or this taxonomy; the message says what to do."""


def load_model(taxonomy: Taxonomy, model_file: Path | None = None) -> Model:
    """Read the trained model.

    Args:
        taxonomy: Its words must be those that the model was trained on.
        model_file: Another file than the shipped one; its content is then not checked against this code's version.

    Raises:
        ModelFileError: the file is missing, or is not the one that this code or this taxonomy goes with.
    """
    path = model_file or MODEL_FILE
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"{path.name} is missing: run `python -m services.classifier train`") from None
    concepts = CONCEPTS_FILE.read_bytes()
    # A file beside the shipped one is a candidate to follow it.
    version = version_of(content, concepts, generation_of(MODEL_VERSION) + (model_file is not None))
    if model_file is None and version != MODEL_VERSION:
        raise ModelFileError(
            f"the model's files are {version}, this code goes with {MODEL_VERSION}: run `train`, or restore the files"
        )
    weights, outputs = unpack(content, version)
    heads = heads_of(taxonomy)
    if outputs != _output_names(taxonomy):
        raise ModelFileError("the model was trained on another taxonomy: run `python -m services.classifier train`")
    return Model(weights, heads, parse_concepts(concepts.decode()))


def version_of(content: bytes, concepts: bytes, generation: int) -> str:
    """Name a model by its generation and its content.

    Args:
        content: The model's file.
        concepts: The concepts that go with it.
        generation: One more than that of the model that it replaces: readers believe the later one.
    """
    return f"{_KIND}-{generation}+{hashlib.sha256(content + concepts).hexdigest()[:_DIGITS_OF_HASH]}"


def parse_concepts(text: str) -> Concepts:
    """Read the concepts: a name, a colon and words on each line that does not begin with `#`.

    Args:
        text: The content of the file.

    Raises:
        ModelFileError: a line has no colon; names the line.
    """
    listed: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#") or not line.strip():
            continue
        name, colon, words = line.partition(":")
        if not colon:
            raise ModelFileError(f"concepts line {number} has no colon: write name, colon and words")
        listed[name] = words.split()
    return Concepts(listed)


def pack(weights: Weights, taxonomy: Taxonomy) -> bytes:
    """Write weights as the content of a file; the same weights give the same bytes.

    Args:
        weights: What training found; rows are kept in half precision.
        taxonomy: Its words name the outputs.
    """
    arrays: dict[str, Any] = {name: _joined(getattr(weights, name)) for name in _NAMES}
    arrays |= {name: getattr(weights, name).astype(np.float16) for name in _ROWS}
    arrays |= {name: getattr(weights, name).astype(np.float32) for name in _OTHERS}
    rest = {
        "rarity_of_unknown": round(weights.rarity_of_unknown, 6),
        "thresholds": weights.thresholds,
        "outputs": _output_names(taxonomy),
    }
    arrays["rest"] = np.frombuffer(json.dumps(rest, sort_keys=True).encode(), np.uint8)
    target = io.BytesIO()
    np.savez_compressed(target, **arrays)
    return target.getvalue()


def unpack(content: bytes, version: str) -> tuple[Weights, list[str]]:
    """Read what `pack` wrote.

    Args:
        content: The bytes.
        version: The model's name.

    Returns:
        The weights, and the names of the outputs that they were trained for.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        rest = json.loads(arrays["rest"].tobytes())
        read: dict[str, Any] = {name: _places(arrays[name].tobytes().decode()) for name in _NAMES}
        read |= {name: arrays[name].astype(np.float32) for name in (*_ROWS, *_OTHERS)}
    weights = Weights(
        version=version, rarity_of_unknown=rest["rarity_of_unknown"], thresholds=rest["thresholds"], **read
    )
    return weights, rest["outputs"]


def _output_names(taxonomy: Taxonomy) -> list[str]:
    heads = heads_of(taxonomy)
    names = [f"{head.name}.{label}" for head in heads.values() for label in head.labels]
    assert len(names) == outputs_of(heads)
    return names


def _joined(names: Iterable[str]) -> Any:
    return np.frombuffer(_BETWEEN.join(names).encode(), np.uint8)


def _places(joined: str) -> Mapping[str, int]:
    return {name: place for place, name in enumerate(joined.split(_BETWEEN) if joined else [])}
