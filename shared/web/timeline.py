"""Charts on a line of time for few events: each a square, care delivered below, marks on the same line; as Vega."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from shared.web.charts import Specification
from shared.web.palette import AXIS, BAND, CENTRE, CHANGE, COMMON, CONCERN, FONT_PX, GRID, INK, NEUTRAL, PARTS
from shared.web.plots import SCHEMA, Shape

COLOURS: Final = {"common": COMMON, "concern": CONCERN, "part": PARTS[0], "neutral": NEUTRAL}
"""Colours of the kinds of events, as the page's classes give them."""
WEEK: Final = timedelta(days=7)
DAY: Final = timedelta(days=1)
LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 34, 10, 4, 24
EXPOSURE_PX, GAP_PX, LABEL_PX = 44, 12, 76
SQUARES_MAX: Final = 40
"""With more events in a week than this the squares of a week are drawn as one block: each would be a hair."""
RATIOS: Final = (0.125, 0.25, 0.5, 1, 2, 4, 8)
RATIO_ENDS: Final = (0.0625, 16.0)


@dataclass(frozen=True)
class WeekOf:
    """One week: how many events of each kind, from the bottom up, and the care delivered (None: not known)."""

    start: date
    events: tuple[tuple[str, int], ...]
    exposure: float | None = None


@dataclass(frozen=True)
class Span:
    """Days with a ground of their own, both included, and a level that would be expected each week in them."""

    first: date
    last: date
    label: str = ""
    expected_a_week: float | None = None
    shaded: bool = True


@dataclass(frozen=True)
class Mark:
    """Something that happened on a day: a line down the chart with a letter or a short word."""

    day: date
    label: str


def timeline(weeks: Sequence[WeekOf], spans: Sequence[Span], marks: Sequence[Mark], shape: Shape) -> Specification:
    """Specify a chart: squares on time above, care delivered below, on one line of time.

    Args:
        weeks: In order of time, without gaps; at least one.
        spans: Grounds, with the expected level as a dashed line where it is known.
        marks: What happened when; what lies outside the weeks is left out.
        shape: Its layout; the height is that of the upper part.
    """
    first, last = weeks[0].start, weeks[-1].start + WEEK - DAY
    spans = [replace(span, first=max(span.first, first), last=min(span.last, last)) for span in spans]
    spans = [span for span in spans if span.first <= span.last]
    marks = [mark for mark in marks if first <= mark.day <= last]
    exposures = [week.exposure for week in weeks if week.exposure is not None]
    highest = max([1.0, *exposures])
    top = _top(weeks, spans, marks)
    below = shape.height + GAP_PX + EXPOSURE_PX if exposures else shape.height
    width = shape.width - LEFT_PX - RIGHT_PX
    scales = [
        {"name": "x", "type": "utc", "domain": [_ms(first), _ms(last + DAY)], "range": [0, width]},
        {"name": "y", "type": "linear", "domain": [0, top], "range": [shape.height, 0]},
        {"name": "e", "type": "linear", "domain": [0, highest], "range": [below, below - EXPOSURE_PX]},
    ]
    axes = [_left("y", shape.ticks, None), _bottom(weeks, width)]
    if exposures:
        axes.append(_left("e", 2, [0, highest]))
    labels = [Mark(span.first, span.label) for span in spans if span.label] + [mark for mark in marks if mark.label]
    return {
        "$schema": SCHEMA,
        "width": width,
        "height": below,
        "padding": {"left": LEFT_PX, "right": RIGHT_PX, "top": TOP_PX, "bottom": BOTTOM_PX},
        "autosize": "none",
        "scales": scales,
        "axes": axes,
        "data": [
            {"name": "grounds", "values": [_ends(span) for span in spans if span.shaded]},
            {"name": "squares", "values": _squares(weeks, top)},
            {"name": "levels", "values": [_ends(span) for span in spans if span.expected_a_week is not None]},
            {"name": "lines", "values": [{"day": _ms(mark.day)} for mark in marks]},
            {"name": "labels", "values": [{"day": _ms(mark.day), "label": mark.label} for mark in labels]},
            {"name": "care", "values": [_care(week) for week in weeks if week.exposure is not None]},
        ],
        "marks": _drawn(shape.height),
    }


def _drawn(height: int) -> list[Specification]:
    """Return what is drawn, from the ground up."""
    across = {"x": {"scale": "x", "field": "from"}, "x2": {"scale": "x", "field": "to"}}
    down = {"y": {"value": 0}, "y2": {"value": height}}
    between = {"y": {"scale": "y", "field": "low"}, "y2": {"scale": "y", "field": "high"}}
    care = {"y": {"scale": "e", "field": "value"}, "y2": {"scale": "e", "value": 0}}
    day = {"scale": "x", "field": "day"}
    level = {"y": {"scale": "y", "field": "level"}}
    label = {"x": day | {"offset": 3}, "y": {"value": 2}, "text": {"field": "label"}, "baseline": {"value": "top"}}
    return [
        _mark("rect", "grounds", **across, **down, fill={"value": BAND}),
        _mark("rect", "care", **across, **care, fill={"value": PARTS[1]}),
        _mark("rect", "squares", **across, **between, fill={"field": "colour"}),
        _mark("rule", "levels", **across, **level, stroke={"value": CENTRE}),
        _mark("rule", "lines", x=day, **down, stroke={"value": CHANGE}),
        _mark("text", "labels", **label, fill={"value": INK}, fontSize={"value": FONT_PX}),
    ]


def _top(weeks: Sequence[WeekOf], spans: Sequence[Span], marks: Sequence[Mark]) -> float:
    """Return the end of the scale of events, with room for labels above them."""
    tallest = max(sum(number for _, number in week.events) for week in weeks)
    levels = [math.ceil(span.expected_a_week) for span in spans if span.expected_a_week is not None]
    named = any(mark.label for mark in marks) or any(span.label for span in spans)
    top = max([3, tallest, *levels])
    return top * 1.14 if named else top


def _squares(weeks: Sequence[WeekOf], top: float) -> list[dict[str, Any]]:
    """Stack one square for each event in its week, half a day of air on either side."""
    rows: list[dict[str, Any]] = []
    single = top <= SQUARES_MAX
    air = 0.06 if single else 0.0
    for week in weeks:
        ends = {"from": _ms(week.start) + 43_200_000, "to": _ms(week.start + WEEK) - 43_200_000}
        floor = 0
        for kind, number in week.events:
            steps = (
                [(floor + step, floor + step + 1) for step in range(number)] if single else [(floor, floor + number)]
            )
            rows += [
                {**ends, "low": low + air, "high": high - air, "colour": COLOURS[kind]} for low, high in steps if number
            ]
            floor += number
    return rows


def _ends(span: Span) -> dict[str, Any]:
    return {"from": _ms(span.first), "to": _ms(span.last + DAY), "level": span.expected_a_week}


def _care(week: WeekOf) -> dict[str, Any]:
    return {"from": _ms(week.start), "to": _ms(week.start + WEEK), "value": week.exposure}


def _left(scale: str, ticks: int, values: list[float] | None) -> Specification:
    return _axis("left", scale, grid=True, domain=False, tickCount=ticks, tickMinStep=1, labelPadding=6) | (
        {} if values is None else {"values": values, "format": "~s" if values[-1] >= 10_000 else ",.0f"}
    )


def _bottom(weeks: Sequence[WeekOf], width: int) -> Specification:
    every = max(1, math.ceil(len(weeks) * LABEL_PX / width))
    text = {"labels": {"update": {"text": {"signal": "utcFormat(datum.value, '%-d %b')"}}}}
    shown = [_ms(week.start) for week in weeks[::every]]
    return _axis("bottom", "x", values=shown, labelPadding=7, labelAlign="left", encode=text)


def _axis(side: str, scale: str, **more: Any) -> Specification:
    colours = {"gridColor": GRID, "domainColor": AXIS, "labelColor": INK}
    # Without a limit: to see that a label keeps within it, the library measures each, longer than all else takes.
    labels = {"labelFontSize": FONT_PX, "labelLimit": 0}
    return {"orient": side, "scale": scale, "ticks": False, "zindex": 0, **labels, **colours, **more}


def _mark(kind: str, data: str, **encoded: Any) -> Specification:
    return {"type": kind, "from": {"data": data}, "encode": {"enter": encoded}}


def _ms(day: date) -> int:
    """Return a day as Vega counts time: milliseconds since 1970, at midnight in world time."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def interval(ratio: float, low: float | None, high: float | None, shape: Shape) -> Specification:
    """Specify the picture of a rate ratio: its interval as a bar on a scale of halves and doubles, and no change at 1.

    Args:
        ratio: The ratio, 0 or more; what lies beyond the scale is drawn at its end.
        low: Lower end of the interval; None for none.
        high: Upper end; None where it is open.
        shape: Its layout.
    """
    width = shape.width - 2 * LEFT_PX
    ends = [min(max(value, RATIO_ENDS[0]), RATIO_ENDS[1]) for value in (ratio, low or 0.0, high or RATIO_ENDS[1])]
    words = "datum.value == 1 ? 'no change' : datum.value < 1 ? '÷ ' + 1 / datum.value : '× ' + datum.value"
    axis = _axis("bottom", "x", values=list(RATIOS), labelPadding=6, encode={
        "labels": {"update": {"text": {"signal": words}}}
    })  # fmt: skip
    x, top, bottom = {"scale": "x", "field": "at"}, shape.height * 0.15, shape.height * 0.85
    bar = {"x": {"scale": "x", "field": "low"}, "x2": {"scale": "x", "field": "high"}}
    return {
        "$schema": SCHEMA,
        "width": width,
        "height": shape.height,
        "padding": {"left": LEFT_PX, "right": LEFT_PX, "top": TOP_PX, "bottom": BOTTOM_PX},
        "autosize": "none",
        "scales": [{"name": "x", "type": "log", "base": 2, "domain": list(RATIO_ENDS), "range": [0, width]}],
        "axes": [axis],
        "data": [
            {"name": "none", "values": [{"at": 1}]},
            {"name": "found", "values": [{"at": ends[0], "low": ends[1], "high": ends[2]}]},
        ],
        "marks": [
            _mark("rule", "none", x=x, y={"value": 0}, y2={"value": shape.height}, stroke={"value": CHANGE}),
            _mark("rect", "found", **bar, y={"value": shape.height * 0.4}, y2={"value": shape.height * 0.6},
                  fill={"value": PARTS[1]}),
            _mark("rect", "found", x=x | {"offset": -3}, x2=x | {"offset": 3}, y={"value": top},
                  y2={"value": bottom}, fill={"value": PARTS[0]}),
        ],
    }  # fmt: skip
