"""Bars that lie, one below the other, with their words above and their number beside them; as Vega."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.web.charts import Specification
from shared.web.palette import FONT_PX, INK, PARTS
from shared.web.plots import SCHEMA

ROW_PX, LABEL_PX, BAR_PX = 38, 15, 14
NUMBER_PX: Final = 165
"""Room for what stands beside the longest bar."""


@dataclass(frozen=True)
class Bar:
    """One bar: what it is of, its two parts from the left, and what is written beside it.

    Attributes:
        label: What it is of.
        parts: Its lengths; None where no length may be shown.
        words: What is written at its end.
    """

    label: str
    parts: tuple[float, float] | None
    words: str


def bars(rows: Sequence[Bar], width_px: int) -> Specification:
    """Specify a chart of lying bars on one scale that begins at 0.

    Args:
        rows: From the top down; at least one.
        width_px: Of the whole drawing.
    """
    longest = max([1.0, *(sum(bar.parts) for bar in rows if bar.parts)])
    labels = [{"row": n * ROW_PX, "label": bar.label, "words": bar.words, "end": sum(bar.parts or (0,))}
              for n, bar in enumerate(rows)]  # fmt: skip
    parts = [
        {"row": n * ROW_PX, "from": sum(bar.parts[:part]), "to": sum(bar.parts[: part + 1]), "part": part}
        for n, bar in enumerate(rows)
        if bar.parts
        for part in (0, 1)
        if bar.parts[part]
    ]
    height = len(rows) * ROW_PX
    top, middle = {"field": "row", "offset": LABEL_PX + 2}, {"field": "row", "offset": LABEL_PX + BAR_PX - 1}
    length = {"scale": "x", "field": "end", "offset": 6}
    above = {"field": "row", "offset": LABEL_PX - 3}
    ink = {"fill": {"value": INK}, "fontSize": {"value": FONT_PX}}
    return {
        "$schema": SCHEMA,
        "width": width_px,
        "height": height,
        "padding": 0,
        "autosize": "none",
        "data": [{"name": "rows", "values": labels}, {"name": "parts", "values": parts}],
        "scales": [
            {"name": "x", "type": "linear", "domain": [0, longest], "range": [0, width_px - NUMBER_PX]},
            {"name": "part", "type": "ordinal", "domain": [0, 1], "range": list(PARTS)},
        ],
        "marks": [
            _mark("text", "rows", x={"value": 0}, y=above, text={"field": "label"}, **ink),
            _mark("rect", "parts", x={"scale": "x", "field": "from"}, x2={"scale": "x", "field": "to"}, y=top,
                  height={"value": BAR_PX}, fill={"scale": "part", "field": "part"}),
            _mark("text", "rows", x=length, y=middle, text={"field": "words"}, **ink),
        ],
    }  # fmt: skip


def _mark(kind: str, data: str, **encoded: Any) -> Specification:
    return {"type": kind, "from": {"data": data}, "encode": {"enter": encoded}}
