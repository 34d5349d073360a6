"""Settings of the classifier."""

from __future__ import annotations

from pathlib import Path

from shared.runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """What the classifier needs beside the runtime."""

    shadow_model: Path | None = None
    """File of another trained model, which reads along and says nothing; GET /v1/shadow compares. Its reading takes
    about as much time again."""
