"""Stand-ins for colours in drawings: the page's styles decide, so that one drawing serves light, dark and print."""

from __future__ import annotations

from typing import Final

PARTS: Final = ("#000001", "#000002")
"""Near misses, and all other reports."""
GRID: Final = "#000011"
AXIS: Final = "#000012"
INK: Final = "#000013"
BAND: Final = "#000021"
"""Between the limits."""
CENTRE: Final = "#000022"
SERIES: Final = "#000023"
"""The line from point to point."""
CHANGE: Final = "#000024"
"""Where something changed: a decision, an action, a note of management."""
COMMON: Final = "#000031"
CONCERN: Final = "#000032"
BETTER: Final = "#000033"
NEUTRAL: Final = "#000034"
"""A special cause where no direction is better."""
CLASSES: Final = {
    PARTS[0]: "part-1",
    PARTS[1]: "part-2",
    GRID: "grid",
    AXIS: "axis",
    BAND: "band",
    CENTRE: "centre",
    SERIES: "series",
    CHANGE: "change",
    COMMON: "common",
    CONCERN: "concern",
    BETTER: "better",
    NEUTRAL: "neutral",
}
"""Colour in the drawing to class in the page."""
FONT_PX: Final = 12
ON_PAPER: Final = {
    PARTS[0]: "#17406a",
    PARTS[1]: "#7592b0",
    GRID: "#cccccc",
    AXIS: "#465463",
    INK: "#17212b",
    BAND: "#e4e9ee",
    CENTRE: "#5b6875",
    SERIES: "#5b6875",
    CHANGE: "#17212b",
    COMMON: "#5b6875",
    CONCERN: "#b04a00",
    BETTER: "#1f5fa6",
    NEUTRAL: "#54429b",
}
"""Colour in the drawing to colour on paper, where no stylesheet decides: the light theme's."""
