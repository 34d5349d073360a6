"""Takes personal data out of free text; pure, no I/O but the loading of its name lists."""

from typing import Final

from shared.redaction.redact import Redaction, redact
from shared.redaction.text import RedactedText

REDACTION_VERSION: Final = "2"
"""Travels with every report, so that what an older version missed can be found again."""

__all__ = ["REDACTION_VERSION", "RedactedText", "Redaction", "redact"]
