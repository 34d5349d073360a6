"""Rows of reporting's governance views, as BI reads them: flat, one row per key, the newest holds."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from shared.contracts.envelope import Event, Word


class SiteDomainWeek(Event):
    """Counts of one site, domain and week (by the day on which staff told it, Europe/London, Mondays).

    Domain "(all)" counts each report once, "(none)" those without any domain; a report with two
    domains is in both their rows, so rows of single domains must not be summed. Held reports are
    included, since this topic is in the operator's trust domain; in a provider's own topic they are left out.
    """

    subject_field = "row_id"
    type: Literal["SiteDomainWeek"] = "SiteDomainWeek"
    row_id: str
    row_version: int = Field(ge=1)
    domain: Word
    week_start: date
    reports: int = Field(ge=0)
    near_misses: int = Field(ge=0)
    disruptions: int = Field(ge=0)
    escalated: int = Field(ge=0)
    reached_someone: int = Field(ge=0)
    class_unknown: int = Field(ge=0)
    needs_review: int = Field(ge=0)
    held: int = Field(ge=0)
    exposure: float | None = Field(default=None, ge=0)
    exposure_unit: Word | None = None
