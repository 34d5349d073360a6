"""Renders pages: one layout and one stylesheet for all services, strict headers, everything escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.web import words

HERE: Final = Path(__file__).parent
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Cookie, Authorization, Accept",
}
"""Headers of every page. A page is kept by nobody but its reader's browser, and asked for again each time."""
ASSET_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
"""Headers of files whose name holds their hash."""


@dataclass(frozen=True)
class Stylesheet:
    """The one stylesheet, under a name that changes with its content."""

    name: str
    content: bytes

    @classmethod
    def load(cls) -> Stylesheet:
        """Read it from this folder."""
        content = (HERE / "static" / "pages.css").read_bytes()
        return cls(f"pages.{hashlib.sha256(content).hexdigest()[:12]}.css", content)


@dataclass(frozen=True)
class Link:
    """One entry of the navigation."""

    title: str
    href: str


class Pages:
    """Renders a service's templates inside the shared layout.

    Args:
        templates: Folder of the service's own templates.
        static_path: Where the stylesheet is served, without a slash at the end.
    """

    def __init__(self, templates: Path, static_path: str = "/static") -> None:
        self.stylesheet = Stylesheet.load()
        self._environment = Environment(
            loader=FileSystemLoader([templates, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["stylesheet_href"] = f"{static_path}/{self.stylesheet.name}"
        self._environment.filters |= {
            "day": words.day_words,
            "short_day": words.short_day,
            "moment": words.moment_words,
            "counted": words.count_words,
            "figure": words.figure,
            "sentence": words.sentence_case,
        }

    def render(self, template: str, navigation: Iterable[Link] = (), here: str = "", **context: Any) -> str:
        """Render a page.

        Args:
            template: File name of the template.
            navigation: Entries of the navigation, at most seven.
            here: Address of the entry that the page belongs to.
            context: What the template names; a name that is missing is an error.

        Returns:
            HTML.
        """
        return self._environment.get_template(template).render(navigation=list(navigation), here=here, **context)
