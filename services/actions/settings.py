"""Settings of actions: what the runtime needs, and how patient the review runs are."""

from __future__ import annotations

from pydantic import Field

from shared.runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """Frozen settings; units are in the names."""

    review_poll_s: float = Field(default=30.0, gt=0)
    """How often it is looked whether a day is over and its inputs have been read."""
    review_latest_h: float = Field(default=6.0, ge=0)
    """A day is reviewed so many hours after it was first due, read to its end or not."""
    review_chunk_sites: int = Field(default=50, ge=1)
    """So many sites are reviewed in one transaction, which keeps it well below a second."""
    review_lease_ms: int = Field(default=60_000, ge=1_000)
    """How long a dead process keeps a provider's reviews from the others."""
    replay_wait_s: float = Field(default=60.0, ge=0)
    """A replay waits so long for the inputs to be read to their present end, then answers 503."""
