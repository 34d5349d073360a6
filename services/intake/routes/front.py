"""What the pages without sign-in share: their files, headers and words; they need no other service to be up."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse

from services.intake.adapters.form_words import FormWords
from shared.kernel.errors import NotFound
from shared.runtime.auth import PUBLIC
from shared.web.pages import ASSET_HEADERS, PAGE_HEADERS, Pages

HERE: Final = Path(__file__).resolve().parent.parent
MEDIA: Final = {".css": "text/css", ".js": "text/javascript"}
FRONT_HEADERS: Final = PAGE_HEADERS | {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}
"""Nothing of a report, a code or a link stays in a browser's cache or goes to another address."""


class Front:
    """Renders the pages without sign-in.

    Args:
        pages: Renders templates.
        words: What they say, by language.
        prefix: Where the front door has this service, such as /in.
        public_url: Address that browsers and posters use, without the prefix; empty takes it from the request.
    """

    def __init__(self, pages: Pages, words: FormWords, prefix: str, public_url: str = "") -> None:
        self.pages = pages
        self.words = words
        self.prefix = prefix
        self._public_url = public_url.rstrip("/")
        self._served: dict[str, tuple[bytes, str]] = {}
        self._files: dict[str, str] = {}
        for path in sorted((HERE / "static").iterdir()):
            content = path.read_bytes()
            name = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
            self._served[name] = (content, MEDIA[path.suffix])
            self._files[path.name] = f"{prefix}/front/{name}"

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """Render a page with the headers of all of them."""
        html = self.pages.render(template, files=self._files, prefix=self.prefix, **context)
        return HTMLResponse(html, status, headers=FRONT_HEADERS)

    def address(self, request: Request, path: str) -> str:
        """Return the whole address of a path, for printing."""
        base = self._public_url or f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}{self.prefix}{path}"

    def file_routes(self) -> APIRouter:
        """Build the route of the files, whose names change with their content."""
        router = APIRouter(include_in_schema=False, dependencies=[Depends(PUBLIC)])

        @router.get("/front/{name}")
        async def file(name: str) -> Response:
            if name not in self._served:
                raise NotFound("no such file")
            content, media = self._served[name]
            return Response(content, media_type=media, headers=ASSET_HEADERS)

        return router
