"""Renders pages: one layout and one stylesheet for all services, strict headers, everything escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.web import words
from shared.web.govuk import adapt
from shared.web.navigation import Link

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


COMPONENTS: Final = "govuk-frontend.css"
ICON: Final = "icon.svg"


class StylesMissing(Exception):
    """The component system's stylesheet is not there; it is fetched at installation."""

    def __str__(self) -> str:
        return f"shared/web/static/{COMPONENTS} is missing: run `python -m deploy.local.styles` once"


@dataclass(frozen=True)
class Asset:
    """A file under a name that changes with its content."""

    name: str
    content: bytes
    media_type: str

    @classmethod
    def icon(cls) -> Asset:
        """Load the picture that browsers show beside a page's title."""
        content = (HERE / "static" / ICON).read_bytes()
        return cls(f"icon.{_mark_of(content)}.svg", content, "image/svg+xml")

    @classmethod
    def stylesheet(cls) -> Asset:
        """Join the component system's styles and our own, in this order.

        Raises:
            StylesMissing: the component system's have not been put in their place; says how.
        """
        try:
            components = (HERE / "static" / COMPONENTS).read_text("utf-8")
        except FileNotFoundError:
            raise StylesMissing from None
        content = adapt(components).encode() + b"\n" + (HERE / "static" / "pages.css").read_bytes()
        return cls(f"pages.{_mark_of(content)}.css", content, "text/css")


def _mark_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


class Pages:
    """Renders a service's templates inside the shared layout.

    Args:
        templates: Folder of the service's own templates.
        static_path: Where browsers find this service's `static_route`: its public prefix and /static.
    """

    def __init__(self, templates: Path, static_path: str = "/static") -> None:
        self.stylesheet = Asset.stylesheet()
        self.icon = Asset.icon()
        self._environment = Environment(
            loader=FileSystemLoader([templates, HERE / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["stylesheet_href"] = f"{static_path}/{self.stylesheet.name}"
        self._environment.globals["icon_href"] = f"{static_path}/{self.icon.name}"
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
