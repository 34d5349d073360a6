"""The version of a model: its kind, its generation and what it was made of."""

from __future__ import annotations

import re
from typing import Final

_VERSION: Final = re.compile(r"[a-z]+-(\d+)(?:\+[0-9a-z]+)?")


def generation_of(model_version: str) -> int:
    """Return the generation of a model, which is its decision number on the wire.

    Of two models that read the same revision every reader believes the later generation, whichever arrives first.

    Args:
        model_version: `<kind>-<generation>`, with `+<what it was made of>` or without: `linear-2+1f0c9a3b`.

    Returns:
        The generation, 1 or more.

    Raises:
        ValueError: it is not written like that.
    """
    match = _VERSION.fullmatch(model_version)
    if match is None:
        raise ValueError(f"model version {model_version!r} is not <kind>-<generation>[+<made of>]")
    return int(match[1])
