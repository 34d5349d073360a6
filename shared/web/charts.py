"""Charts drawn on the server: a Vega specification in, accessible inline SVG out; what they look like is in `plots`."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import orjson
import vl_convert
from markupsafe import Markup

from shared.web.palette import CLASSES, FONT_PX, ON_PAPER
from shared.web.svg import compact, compact_each

Specification = dict[str, Any]
CACHE_MAX = 2_000
PAPER_SCALE = 2.5
"""Pixels of a picture for paper for each one of the drawing: sharp at 180 dots an inch on A4."""


@dataclass(frozen=True)
class _Drawing:
    inside: str
    width: float
    height: float


@dataclass(frozen=True)
class Many:
    """A kind of small charts, many of which are drawn in one go.

    Attributes:
        name: What the names of the groups of a specification begin with; each group is one chart.
        width: Of one chart, in pixels at the size it is drawn for.
        height: Likewise.
        specify: Makes one specification of several charts, a group each; what it says of one does not depend on the
            others.
    """

    name: str
    width: float
    height: float
    specify: Callable[[Sequence[Any]], Specification]


class Charts:
    """Draws specifications, and remembers what it has drawn by a hash of the data."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[str, _Drawing] = OrderedDict()

    async def draw(self, specification: Specification, chart_id: str, title: str, description: str) -> Markup:
        """Draw a chart as inline SVG.

        Args:
            specification: Vega, not Vega-Lite, whose compilation costs more than the drawing; it runs in a thread.
            chart_id: Unique on the page.
            title: What the picture is of, for those who do not see it.
            description: What it shows, in words.

        Returns:
            The SVG element; all text in it is escaped.
        """
        return _framed(await self._drawing(specification), chart_id, title, description)

    async def draw_each(self, kind: Many, charts: Sequence[Any], words: Sequence[tuple[str, str, str]]) -> list[Markup]:
        """Draw many small charts in one go: a call of the library for each would cost three times as much.

        Args:
            kind: Specifies them.
            charts: What each is made of, as the kind takes it.
            words: Of each its id, unique on the page, its title and its description.

        Returns:
            The SVG elements, in order.
        """
        keys = [_key(kind.specify([chart])) for chart in charts]
        missing = {key: chart for key, chart in zip(keys, charts, strict=True) if key not in self._drawn}
        if missing:
            drawings = await asyncio.to_thread(_render_each, kind, list(missing.values()))
            for key, drawing in zip(missing, drawings, strict=True):
                self._remember(key, drawing)
        drawn = [self._drawn[key] for key in keys]
        return [_framed(drawing, *told) for drawing, told in zip(drawn, words, strict=True)]

    async def picture(self, specification: Specification) -> bytes:
        """Draw a chart as a PNG in the colours of paper, for documents that hold no SVG.

        Args:
            specification: As for `draw`.
        """
        return await asyncio.to_thread(_picture, specification)

    async def _drawing(self, specification: Specification) -> _Drawing:
        key = _key(specification)
        if key not in self._drawn:
            self._remember(key, await asyncio.to_thread(_render, specification))
        self._drawn.move_to_end(key)
        return self._drawn[key]

    def _remember(self, key: str, drawing: _Drawing) -> None:
        self._drawn[key] = drawing
        while len(self._drawn) > CACHE_MAX:
            self._drawn.popitem(last=False)


def _framed(drawing: _Drawing, chart_id: str, title: str, description: str) -> Markup:
    name = escape(chart_id)
    return Markup(  # noqa: S704 - every part is either drawn by us or escaped here
        f'<svg class="chart" role="img" viewBox="0 0 {drawing.width:g} {drawing.height:g}" font-size="{FONT_PX}"'
        f' aria-labelledby="{name}-t {name}-d">'
        f'<title id="{name}-t">{escape(title)}</title>'
        f'<desc id="{name}-d">{escape(description)}</desc>{drawing.inside}</svg>'
    )


def _key(specification: Specification) -> str:
    return hashlib.sha256(orjson.dumps(specification)).hexdigest()


def _render(specification: Mapping[str, Any]) -> _Drawing:
    drawn = vl_convert.vega_to_svg(dict(specification), allowed_base_urls=[])
    return _Drawing(*compact(drawn, CLASSES))


def _render_each(kind: Many, charts: Sequence[Any]) -> list[_Drawing]:
    drawn = vl_convert.vega_to_svg(kind.specify(charts), allowed_base_urls=[])
    return [_Drawing(inside, kind.width, kind.height) for inside in compact_each(drawn, CLASSES, kind.name)]


def _picture(specification: Mapping[str, Any]) -> bytes:
    coloured = orjson.dumps({**specification, "background": "#ffffff"}).decode()
    for stand_in, colour in ON_PAPER.items():
        coloured = coloured.replace(f'"{stand_in}"', f'"{colour}"')
    png: bytes = vl_convert.vega_to_png(coloured, scale=PAPER_SCALE, allowed_base_urls=[])
    return png
