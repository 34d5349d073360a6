"""`python -m shared.contracts`: freezes schemas that grew and writes TOPICS.md; refuses a break."""

from __future__ import annotations

import sys
from pathlib import Path

from shared.contracts.publish import freeze, topics_page

if __name__ == "__main__":
    try:
        written = freeze()
    except ValueError as error:
        sys.exit(str(error))
    Path("TOPICS.md").write_text(topics_page())
    sys.stdout.write(f"TOPICS.md written; {len(written)} schemas frozen\n")
