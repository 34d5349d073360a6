"""Charts drawn on the server: a Vega-Lite specification in, accessible inline SVG out."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any

import vl_convert
from markupsafe import Markup

from shared.web.svg import compact

Specification = dict[str, Any]
PARTS = ("#000001", "#000002")
GRID = "#000011"
AXIS = "#000012"
INK = "#000013"
CLASSES = {PARTS[0]: "part-1", PARTS[1]: "part-2", GRID: "grid", AXIS: "axis"}
"""Stand-ins for colours: the styles of the page decide, so that one drawing serves light, dark and print."""
FONT_PX = 12
CACHE_MAX = 2_000


@dataclass(frozen=True)
class Column:
    """One column of a chart by weeks: the day that it starts on, and its two parts from the bottom up."""

    day: date
    parts: tuple[int, int]


@dataclass(frozen=True)
class Shape:
    """How a chart is laid out.

    Attributes:
        width: In pixels at the size it is drawn for.
        height: Likewise.
        ticks: About so many lines across.
        ends_only: Whether only the first and last column are labelled.
    """

    width: int
    height: int
    ticks: int = 4
    ends_only: bool = False


def stacked_columns(columns: Sequence[Column], shape: Shape, top: int | None = None) -> Specification:
    """Specify a chart of columns by week.

    Args:
        columns: In order of time, without gaps; at least one.
        shape: Its layout.
        top: End of the scale, for charts that are compared; None fits the data.

    Returns:
        The Vega-Lite specification.
    """
    days = [column.day.isoformat() for column in columns]
    rows = [
        {"day": column.day.isoformat(), "part": position, "number": number}
        for position in range(len(PARTS))
        for column in columns
        if (number := column.parts[position])
    ]
    highest = max([1, top or 0, *(sum(column.parts) for column in columns)])
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": shape.width,
        "height": shape.height,
        "padding": 1,
        "autosize": {"type": "fit", "contains": "padding"},
        "data": {"values": rows},
        "mark": {"type": "bar"},
        "encoding": {
            "x": _weeks_axis(days, shape),
            "y": _numbers_axis(highest, shape),
            "order": {"field": "part", "type": "quantitative"},
            "color": {
                "field": "part",
                "type": "ordinal",
                "legend": None,
                "scale": {"domain": [0, 1], "range": list(PARTS)},
            },
        },
        "config": _config(),
    }


def _weeks_axis(days: Sequence[str], shape: Shape) -> Specification:
    shown = [days[0], days[-1]] if shape.ends_only and len(days) > 1 else list(days)
    return {
        "field": "day",
        "type": "ordinal",
        "title": None,
        "scale": {"domain": list(days), "paddingInner": 0.35, "paddingOuter": 0.2},
        "axis": {
            "values": shown,
            "labelExpr": "utcFormat(toDate(datum.value), '%-d %b')",
            "labelAngle": 0,
            "labelOverlap": "parity",
            "labelSeparation": 12,
            "ticks": False,
            "labelPadding": 6,
        },
    }


def _numbers_axis(highest: int, shape: Shape) -> Specification:
    return {
        "field": "number",
        "type": "quantitative",
        "title": None,
        "scale": {"domain": [0, highest], "nice": 5},
        "axis": {"tickCount": shape.ticks, "tickMinStep": 1, "format": "d", "ticks": False, "domain": False},
    }


def _config() -> Specification:
    return {
        "background": None,
        "view": {"stroke": None},
        "font": "DejaVu Sans, sans-serif",
        "axis": {
            "gridColor": GRID,
            "domainColor": AXIS,
            "labelColor": INK,
            "labelFontSize": FONT_PX,
            "labelLimit": 0,
        },
        "axisX": {"grid": False},
    }


@dataclass(frozen=True)
class _Drawing:
    inside: str
    width: float
    height: float


class Charts:
    """Draws specifications, and remembers what it has drawn by a hash of the data."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[str, _Drawing] = OrderedDict()

    async def draw(self, specification: Specification, chart_id: str, title: str, description: str) -> Markup:
        """Draw a chart as inline SVG.

        Args:
            specification: Vega-Lite; the drawing runs in a thread.
            chart_id: Unique on the page.
            title: What the picture is of, for those who do not see it.
            description: What it shows, in words.

        Returns:
            The SVG element; all text in it is escaped.
        """
        drawing = await self._drawing(specification)
        size = f"0 0 {drawing.width:g} {drawing.height:g}"
        return Markup(  # noqa: S704 - every part is either drawn by us or escaped here
            f'<svg class="chart" role="img" viewBox="{size}" font-size="{FONT_PX}"'
            f' aria-labelledby="{escape(chart_id)}-t {escape(chart_id)}-d">'
            f'<title id="{escape(chart_id)}-t">{escape(title)}</title>'
            f'<desc id="{escape(chart_id)}-d">{escape(description)}</desc>{drawing.inside}</svg>'
        )

    async def _drawing(self, specification: Specification) -> _Drawing:
        key = hashlib.sha256(json.dumps(specification, sort_keys=True).encode()).hexdigest()
        if key in self._drawn:
            self._drawn.move_to_end(key)
            return self._drawn[key]
        drawing = await asyncio.to_thread(_render, specification)
        self._drawn[key] = drawing
        while len(self._drawn) > CACHE_MAX:
            self._drawn.popitem(last=False)
        return drawing


def _render(specification: Mapping[str, Any]) -> _Drawing:
    drawn = vl_convert.vegalite_to_svg(dict(specification), allowed_base_urls=[])
    return _Drawing(*compact(drawn, CLASSES))
