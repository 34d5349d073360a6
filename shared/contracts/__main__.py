"""`python -m shared.contracts`: freezes schemas that grew, writes TOPICS.md and asyncapi.json; refuses a break.

`python -m shared.contracts release 0.2.0` writes down what that release promises, for good.
"""

from __future__ import annotations

import sys
from pathlib import Path

from shared.contracts import asyncapi
from shared.contracts.publish import freeze, topics_page
from shared.contracts.releases import release

if __name__ == "__main__":
    try:
        written = freeze()
        if sys.argv[1:2] == ["release"] and len(sys.argv) == 3:
            sys.stdout.write(f"{release(sys.argv[2]).name} written\n")
        elif sys.argv[1:]:
            sys.exit("usage: python -m shared.contracts [release VERSION]")
    except ValueError as error:
        sys.exit(str(error))
    Path("TOPICS.md").write_text(topics_page())
    Path("shared/contracts/asyncapi.json").write_text(asyncapi.text())
    sys.stdout.write(f"TOPICS.md and asyncapi.json written; {len(written)} schemas frozen\n")
