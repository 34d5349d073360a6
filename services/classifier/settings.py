"""Settings of the classifier."""

from __future__ import annotations

from shared.runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """What the classifier needs beside the runtime: nothing yet that differs between installations."""
