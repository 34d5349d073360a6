"""A pack on the screen and on paper, whoever asks for it: the same template, words and pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup

from services.reporting.domain import pack_words
from services.reporting.routes.addresses import query
from services.reporting.routes.pack_pictures import pictures_of
from shared.web.charts import Charts


class Drawn(NamedTuple):
    """A picture for a file, and what it shows in words."""

    png: bytes
    words: str


Writer = Callable[[Mapping[str, Any], str, Mapping[str, Drawn]], bytes]
"""Writes a pack's body, its hash and its pictures by place as a file."""


class PackFiles(NamedTuple):
    """Write a pack as a file."""

    pdf: Writer
    word: Writer


class PackSheet:
    """Draws packs.

    Args:
        charts: Draws.
        files: Write PDF and Word.
    """

    def __init__(self, charts: Charts, files: PackFiles) -> None:
        self._charts = charts
        self._files = files

    async def context(self, body: Mapping[str, Any], content_hash: str | None) -> dict[str, Any]:
        """Return what the template of a pack names.

        Args:
            body: The pack.
            content_hash: Of its canonical form; None for one that is not issued.
        """
        return {
            "pack": body,
            "words": pack_words,
            "content_hash": content_hash,
            "pictures": await self._on_screen(body),
            "file": lambda kind: f"/v1/packs/{body['pack_id']}" + query(provider=body["provider_id"], format=kind),
        }

    async def _on_screen(self, body: Mapping[str, Any]) -> dict[str, Markup]:
        return {
            one.place: await self._charts.draw(one.specification, f"p-{one.place}", one.title, one.description)
            for one in pictures_of(body)
        }

    async def file(self, kind: str, body: Mapping[str, Any], content_hash: str) -> bytes:
        """Write a pack as a file.

        Args:
            kind: pdf or docx.
            body: The pack.
            content_hash: Of its canonical form.
        """
        pictures = {
            one.place: Drawn(await self._charts.picture(one.specification), f"{one.title}. {one.description}")
            for one in pictures_of(body)
        }
        writer = self._files.pdf if kind == "pdf" else self._files.word
        return await asyncio.to_thread(writer, body, content_hash, pictures)
