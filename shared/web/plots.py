"""What charts look like: columns by week, control charts, dots on a time axis, and an interval; as Vega."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, Final, Literal

from shared.web.charts import Many, Specification
from shared.web.palette import (
    AXIS,
    BAND,
    BETTER,
    CENTRE,
    CHANGE,
    COMMON,
    CONCERN,
    FONT_PX,
    GRID,
    INK,
    NEUTRAL,
    PARTS,
    SERIES,
)

SCHEMA: Final = "https://vega.github.io/schema/vega/v5.json"
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 34, 10, 8, 24
SMALL_PX, EDGE_PX = (240, 64), 1
"""A small chart, and the edge around it that keeps its lines whole."""
_SMALL: Final = "small-"
LABEL_PX = 64
"""So much room a label of the time axis takes."""
YEAR_FROM_DAYS = 300
"""A longer time axis names months and years instead of days."""
Meaning = Literal["common", "high", "low", "concern", "better"]
_SHAPES: Final[dict[Meaning, tuple[str, str, int]]] = {
    "common": ("circle", COMMON, 34),
    "high": ("triangle-up", NEUTRAL, 90),
    "low": ("triangle-down", NEUTRAL, 90),
    "concern": ("diamond", CONCERN, 90),
    "better": ("square", BETTER, 70),
}
"""Shape, colour and area in square pixels by what a point means: never colour alone."""
_PART_SCALE: Final = {"name": "part", "type": "ordinal", "domain": [0, 1], "range": list(PARTS)}


@dataclass(frozen=True)
class Shape:
    """How a chart is laid out.

    Attributes:
        width: In pixels at the size it is drawn for.
        height: Likewise.
        ticks: About so many lines across.
    """

    width: int
    height: int
    ticks: int = 4

    @property
    def inner(self) -> tuple[int, int]:
        """Return width and height without the room for axes."""
        return self.width - LEFT_PX - RIGHT_PX, self.height - TOP_PX - BOTTOM_PX


WIDE, NARROW = Shape(720, 230), Shape(330, 210)


@dataclass(frozen=True)
class Column:
    """One column of a chart by weeks: the day that it starts on, and its two parts from the bottom up."""

    day: date
    parts: tuple[int, int]


@dataclass(frozen=True)
class Dot:
    """One point of a control chart.

    Attributes:
        day: Where it stands in time.
        value: Its height; None leaves a gap.
        meaning: What it means.
        lower: Lower limit there; None without limits.
        upper: Upper limit there; None without limits.
        centre: The centre line there.
        segment: Points with one number have limits of their own.
    """

    day: date
    value: float | None
    meaning: Meaning = "common"
    lower: float | None = None
    upper: float | None = None
    centre: float | None = None
    segment: int = 1


def stacked_columns(columns: Sequence[Column], shape: Shape) -> Specification:
    """Specify a chart of columns by week.

    Args:
        columns: In order of time, without gaps; at least one.
        shape: Its layout.
    """
    days = [column.day for column in columns]
    highest = max([1, *(sum(column.parts) for column in columns)])
    scales = [_weeks(days, "width"), _height(highest), _PART_SCALE]
    return _frame(shape, scales, days, {"columns": _stacked(columns)}, [_columns("columns")])


def small_columns(days: Sequence[date], top: int) -> Many:
    """Make a kind of small charts of columns by week, without axes, on one scale that is told in words.

    Args:
        days: All weeks that any of them may have, in order; a chart is given as its columns.
        top: End of the scale.
    """
    across, up = SMALL_PX
    height = {"name": "y", "domain": [0, max(1, top)], "range": [up, 0]}
    scales = [_weeks(days, [0, across]), height, _PART_SCALE]
    line = {"x": {"value": 0}, "x2": {"value": across}, "y": {"value": up}, "stroke": {"value": AXIS}}
    ground = {"type": "rule", "encode": {"enter": line}}

    def one(number: int, columns: Sequence[Column]) -> Specification:
        return {
            "type": "group",
            "name": f"{_SMALL}{number}",
            "encode": {"enter": {"y": {"value": up * number}}},
            "data": [{"name": "columns", "values": _stacked(columns)}],
            "marks": [_columns("columns"), ground],
        }

    def specify(charts: Sequence[Sequence[Column]]) -> Specification:
        size = {"width": across, "height": up * len(charts), "padding": EDGE_PX, "autosize": "none"}
        return {"$schema": SCHEMA, **size, "scales": scales, "marks": list(map(one, count(), charts))}

    return Many(_SMALL, across + 2 * EDGE_PX, up + 2 * EDGE_PX, specify)


def _stacked(columns: Sequence[Column]) -> list[dict[str, Any]]:
    return [
        {
            "day": _moment(column.day),
            "from": sum(column.parts[:part]),
            "to": sum(column.parts[: part + 1]),
            "part": part,
        }
        for part in range(len(PARTS))
        for column in columns
        if column.parts[part]
    ]


def _columns(data: str) -> Specification:
    return _mark(
        "rect",
        data,
        x={"scale": "x", "field": "day"},
        width={"scale": "x", "band": 1},
        y={"scale": "y", "field": "from"},
        y2={"scale": "y", "field": "to"},
        fill={"scale": "part", "field": "part"},
    )


def _weeks(days: Sequence[date], range_: str | list[int]) -> Specification:
    domain = [_moment(day) for day in days]
    return {"name": "x", "type": "band", "domain": domain, "range": range_, "paddingInner": 0.35, "paddingOuter": 0.2}


def control_chart(
    dots: Sequence[Dot],
    shape: Shape,
    changes: Sequence[date] = (),
    *,
    first: date | None = None,
    last: date | None = None,
) -> Specification:
    """Specify a control chart: limits as a band, the centre broken, special points by shape.

    Args:
        dots: In order of time; at least one.
        shape: Its layout.
        changes: Days on which something changed, drawn as lines from top to bottom.
        first: Begin of the time axis; None takes the first dot.
        last: End of the time axis; None takes the last dot.
    """
    rows = [
        {
            "day": _moment(dot.day),
            "value": dot.value,
            "meaning": dot.meaning,
            "lower": dot.lower,
            "upper": dot.upper,
            "centre": dot.centre,
            "segment": dot.segment,
        }
        for dot in dots
    ]
    numbers = [number for dot in dots for number in (dot.value, dot.upper, dot.centre) if number is not None]
    lowest = min([0.0, *(number for dot in dots for number in (dot.value, dot.lower) if number is not None)])
    begin, end = first or dots[0].day, last or dots[-1].day
    scales = [_time(begin, end), _height(max([1.0, *numbers]), lowest), *_meanings()]
    by_segment = {"facet": {"name": "part", "data": "dots", "groupby": "segment"}}
    segments: Specification = {"type": "group", "from": by_segment, "marks": [*_limits("part")]}
    marks = [segments, _line("dots", "value", SERIES), _symbols("dots"), *_changes(changes, shape)]
    data: dict[str, list[dict[str, Any]]] = {"dots": rows, "changes": [{"day": _moment(day)} for day in changes]}
    days = sorted({begin, end, *(dot.day for dot in dots)})
    return _frame(shape, scales, days, data, marks)


def _limits(data: str) -> list[Specification]:
    lines = _mark(
        "area",
        data,
        x={"scale": "x", "field": "day"},
        y={"scale": "y", "field": "lower"},
        y2={"scale": "y", "field": "upper"},
        fill={"value": BAND},
        defined={"signal": "isValid(datum.lower) && isValid(datum.upper)"},
    )
    return [lines, _line(data, "centre", CENTRE)]


def _line(data: str, field: str, colour: str) -> Specification:
    return _mark(
        "line",
        data,
        x={"scale": "x", "field": "day"},
        y={"scale": "y", "field": field},
        stroke={"value": colour},
        defined={"signal": f"isValid(datum.{field})"},
    )


def _symbols(data: str) -> Specification:
    return _mark(
        "symbol",
        data,
        x={"scale": "x", "field": "day"},
        y={"scale": "y", "field": "value"},
        shape={"scale": "shape", "field": "meaning"},
        size={"scale": "size", "field": "meaning"},
        fill={"scale": "colour", "field": "meaning"},
        opacity={"signal": "isValid(datum.value) ? 1 : 0"},
    )


def _changes(changes: Sequence[date], shape: Shape) -> list[Specification]:
    if not changes:
        return []
    bottom = {"value": shape.inner[1]}
    x = {"scale": "x", "field": "day"}
    return [_mark("rule", "changes", x=x, y={"value": 0}, y2=bottom, stroke={"value": CHANGE})]


def _mark(kind: str, data: str, **encoded: Any) -> Specification:
    return {"type": kind, "from": {"data": data}, "encode": {"enter": encoded}}


def _meanings() -> list[Specification]:
    names = list(_SHAPES)

    def scale(name: str, place: int) -> Specification:
        return {"name": name, "type": "ordinal", "domain": names, "range": [_SHAPES[one][place] for one in names]}

    return [scale("shape", 0), scale("colour", 1), scale("size", 2)]


def _moment(day: date) -> int:
    """Return a day as Vega counts time: milliseconds since 1970, at midnight in world time."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _time(first: date, last: date) -> Specification:
    return {"name": "x", "type": "utc", "domain": [_moment(first), _moment(last)], "range": "width", "padding": 6}


def _height(highest: float, lowest: float = 0.0) -> Specification:
    return {"name": "y", "type": "linear", "domain": [lowest, highest], "range": "height", "nice": 5}


def _frame(
    shape: Shape,
    scales: Sequence[Specification],
    days: Sequence[date],
    data: dict[str, list[dict[str, Any]]],
    marks: Sequence[Specification],
) -> Specification:
    sides = {"left": LEFT_PX, "right": RIGHT_PX, "top": TOP_PX, "bottom": BOTTOM_PX}
    return {
        "$schema": SCHEMA,
        "width": shape.inner[0],
        "height": shape.inner[1],
        "padding": sides,
        "autosize": "none",
        "data": [{"name": name, "values": rows} for name, rows in data.items()],
        "scales": list(scales),
        "axes": _axes(days, shape),
        "marks": list(marks),
    }


def _axes(days: Sequence[date], shape: Shape) -> list[Specification]:
    form = "%b %Y" if (days[-1] - days[0]).days > YEAR_FROM_DAYS else "%-d %b"
    text = {"labels": {"update": {"text": {"signal": f"utcFormat(datum.value, '{form}')"}}}}
    shown = [_moment(day) for day in _labelled(days, shape)]
    return [
        _axis("left", "y", grid=True, domain=False, tickCount=shape.ticks, tickMinStep=1, labelPadding=6),
        _axis("bottom", "x", values=shown, labelPadding=7, encode=text),
    ]


def _labelled(days: Sequence[date], shape: Shape) -> list[date]:
    """Choose the days that the time axis labels: as many as stand beside each other."""
    days_apart = (days[-1] - days[0]).days * LABEL_PX / shape.inner[0]
    kept = [days[0]]
    for day in days[1:]:
        if (day - kept[-1]).days >= days_apart:
            kept.append(day)
    return kept


def _axis(side: str, scale: str, **more: Any) -> Specification:
    # Without a limit: to see that a label keeps within it, the library measures each, longer than all else takes.
    colours = {"gridColor": GRID, "domainColor": AXIS, "labelColor": INK}
    labels = {"labelFontSize": FONT_PX, "labelLimit": 0}
    return {"orient": side, "scale": scale, "ticks": False, "zindex": 0, **labels, **colours, **more}
