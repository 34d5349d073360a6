"""Settings of reporting."""

from __future__ import annotations

from pydantic import Field

from shared.runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """What reporting has beside what every service has."""

    page_weeks: int = Field(default=8, ge=2, le=53)
    """So many complete weeks are shown on the page of a provider."""
    list_rows: int = Field(default=25, ge=1, le=200)
    """Reports on one page of a list."""
    stale_after_minutes: int = Field(default=10, ge=1)
    """Further behind the log than this, a page says so at its top."""
    panels_mb: int = Field(default=256, ge=1)
    """So many megabytes of reports are kept in memory, to be summed; a million reports take about 90."""
