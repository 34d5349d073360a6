"""The component styles of the pages: govuk-frontend's compiled CSS, taken out of its WebJar into shared/web.

`python -m deploy.local.styles` does it; the demo, the tests and the image do it by themselves.
"""

import os
import tempfile
import zipfile
from pathlib import Path

from deploy.local.jars import fetch_jars

LOCK_FILE = Path(__file__).with_name("style_jars.csv")
PROJECT = Path(__file__).resolve().parents[2]
DOWNLOADS = PROJECT / ".local" / "cache"
TARGET = PROJECT / "shared" / "web" / "static" / "govuk-frontend.css"
_INSIDE = "dist/govuk/govuk-frontend.min.css"
_TOLD = (
    "the styles of the pages. Ways out: a network that reaches Maven Central, once; "
    f"or put {_INSIDE} of the version in {LOCK_FILE.name} to {TARGET.relative_to(PROJECT)} by hand"
)


def ensure_styles(target: Path = TARGET, downloads: Path = DOWNLOADS) -> Path:
    """Put the stylesheet in its place where it is missing; nothing is fetched where it is there.

    Args:
        target: Where the pages look for it.
        downloads: Folder that keeps the jar; shared by processes.

    Returns:
        The target.

    Raises:
        EngineUnavailable: Maven Central cannot be reached or sends something else; says what else can be done.
    """
    if target.exists():
        return target
    [jar] = fetch_jars(LOCK_FILE, downloads, _TOLD)
    with zipfile.ZipFile(jar) as archive:
        name = next(name for name in archive.namelist() if name.endswith(_INSIDE))
        content = archive.read(name)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as half:
        half.write(content)
    os.chmod(half.name, 0o644)
    os.replace(half.name, target)  # another process may be doing the same: whole files only
    return target


if __name__ == "__main__":
    ensure_styles()
