"""Signed links to the report form and the pulse, one per site or thing: printed on paper, so they can be made again."""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from services.intake.domain.pseudonyms import derive_key

REPORT: Final = "report"
PULSE: Final = "pulse"
Purpose = Literal["report", "pulse"]
_SIGNATURE_BYTES = 10


@dataclass(frozen=True, slots=True)
class FormLink:
    """Where a link leads.

    Attributes:
        asset_ref: The thing that a sticker is on; None for a poster of the whole site.
        revoked_at: When it stopped to work.
    """

    link_id: str
    provider_id: str
    site_id: str
    purpose: Purpose
    asset_ref: str | None
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None

    @property
    def path(self) -> str:
        """Return the page's path, to which the signed link is added."""
        return "/report" if self.purpose == REPORT else "/pulse"


class LinkSigner:
    """Signs link ids, so that a guessed one is refused without a look into the database.

    Args:
        secret: The installation's pseudonym key; another one would void every printed poster.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = derive_key(secret, "form-link")

    def spell(self, link_id: str) -> str:
        """Return the link's text: id, dot and an 80-bit signature."""
        mac = hmac.digest(self._key, link_id.encode(), "sha256")[:_SIGNATURE_BYTES]
        return f"{link_id}.{base64.b32encode(mac).decode().lower()}"

    def link_id(self, presented: str) -> str | None:
        """Return the id of a link that was signed here; None for any other text."""
        link_id, _, _ = presented.partition(".")
        return link_id if link_id and hmac.compare_digest(presented.encode(), self.spell(link_id).encode()) else None
