"""Charts as strict, small and accessible inline SVG."""

from __future__ import annotations

import io
import itertools
import re
from datetime import date, timedelta
from typing import Any

import pytest
from PIL import Image

from shared.web.bars import Bar, bars
from shared.web.charts import Charts
from shared.web.palette import CLASSES, ON_PAPER, PARTS
from shared.web.plots import NARROW, WIDE, Column, Dot, Shape, control_chart, small_columns, stacked_columns
from shared.web.svg import UnknownShape, compact

FIRST = date(2026, 9, 28)
COLUMNS = [Column(FIRST + timedelta(days=7 * n), (3 + n, 9 - n)) for n in range(8)]
SHAPE = Shape(320, 120)


async def drawn(columns: list[Column] = COLUMNS, shape: Shape = SHAPE, **words: str) -> str:
    told = {"chart_id": "c", "title": "Title", "description": "Description"} | words
    return str(await Charts().draw(stacked_columns(columns, shape), **told))


async def small(*charts: list[Column], top: int = 20, title: str = "Title") -> list[str]:
    kind = small_columns(sorted({column.day for columns in charts for column in columns}), top)
    told = [(f"c{number}", title, "Description") for number in range(len(charts))]
    return [str(one) for one in await Charts().draw_each(kind, charts, told)]


async def test_a_drawing_has_nothing_that_a_strict_policy_stops() -> None:
    """No style attribute, style element, script, address or event handler is in the drawing."""
    svg = await drawn()
    assert re.findall(r"style|<script|href|url\(|\son\w+=|xmlns|http", svg) == []
    assert {"svg", "title", "desc", "path", "text"} == set(re.findall(r"<(\w+)", svg))


async def test_a_drawing_is_an_image_with_name_and_description() -> None:
    """People who do not see it hear what it is of and what it shows; ids are the caller's."""
    svg = await drawn(chart_id="all")
    assert 'role="img"' in svg
    assert 'aria-labelledby="all-t all-d"' in svg
    assert '<title id="all-t">Title</title><desc id="all-d">Description</desc>' in svg


async def test_words_in_a_drawing_are_escaped() -> None:
    """A site's name cannot become markup."""
    assert "<b>" not in await drawn(title="<b>Elm & Oak</b>", description="</desc><b>")


async def test_colours_are_left_to_the_page() -> None:
    """Shapes carry classes, so that light, dark and print use the same drawing."""
    svg = await drawn()
    assert set(re.findall(r'<path class="([^"]+)"', svg)) == {"part-1", "part-2", "grid", "axis"}
    assert "#" not in svg


async def test_a_small_drawing_is_small() -> None:
    """Dozens of them fit into a page: under 700 bytes each, without axes, and without what a strict policy stops."""
    (svg,) = await small(COLUMNS, title="<b>Elm & Oak</b>")
    assert len(svg) < 700
    assert {"svg", "title", "desc", "path"} == set(re.findall(r"<(\w+)", svg))
    assert set(re.findall(r'<path class="([^"]+)"', svg)) == {"part-1", "part-2", "axis"}
    assert re.findall(r"style|#|<b>", svg) == []


async def test_a_small_drawing_keeps_inside_its_frame() -> None:
    """The tallest column fills the height, the parts stand on each other, and the last column ends inside."""
    (svg,) = await small([Column(FIRST, (5, 15)), Column(FIRST + timedelta(days=7), (0, 4))], top=20)
    ((x, y, width, height),) = re.findall(r'part-1" d="M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)', svg)
    upper = re.findall(r"M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)", svg.split("part-2")[1].split("/>")[0])
    assert (float(y), float(height)) == (49.0, 16.0)
    assert upper[0] == (x, "1", width, "48")
    assert float(upper[1][1]) + float(upper[1][3]) == pytest.approx(65, abs=0.1)
    assert float(upper[1][0]) + float(upper[1][2]) < 241


async def test_small_drawings_made_in_one_go_are_those_made_one_by_one() -> None:
    """Each is cut out of the common drawing at its own place, also beside ones that are remembered."""
    charts = [COLUMNS, COLUMNS[:3], [Column(c.day, (0, n)) for n, c in enumerate(COLUMNS)]]
    kind, told = small_columns([column.day for column in COLUMNS], 20), [(f"c{n}", "Title", "Words") for n in range(3)]
    remembering = Charts()
    first = await remembering.draw_each(kind, charts[1:2], told[1:2])
    alone = [(await Charts().draw_each(kind, [chart], [words]))[0] for chart, words in zip(charts, told, strict=True)]
    together = await remembering.draw_each(kind, charts, told)
    assert together == alone
    assert together[1] == first[0]
    assert len(set(together)) == 3


async def test_each_part_is_drawn_for_each_week_that_has_it() -> None:
    """Eight weeks with two parts are eight columns of each class; a zero draws nothing."""
    columns = [Column(c.day, (c.parts[0], 0 if n == 0 else c.parts[1])) for n, c in enumerate(COLUMNS)]
    for svg in (await drawn(columns), *await small(columns)):
        assert [_rectangles(svg, name) for name in ("part-1", "part-2")] == [8, 7]


async def test_labels_that_found_no_room_are_left_out() -> None:
    """On a narrow drawing fewer weeks are labelled, none over another."""
    many = [Column(FIRST + timedelta(days=7 * n), (1, 1)) for n in range(26)]
    labelled = re.findall(r">(\d+ \w{3})</text>", await drawn(many, Shape(320, 120)))
    assert 2 <= len(labelled) < 26


async def test_the_same_scale_puts_the_same_number_at_the_same_height() -> None:
    """Small multiples with one top can be compared by eye."""
    one = [Column(FIRST, (5, 0))]
    beside_a_higher_one = [*one, Column(FIRST + timedelta(days=7), (20, 0))]
    alone, beside = [_heights(svg)[0] for svg in await small(one, beside_a_higher_one)]
    (lower,) = await small(one, top=40)
    assert beside == alone == 16
    assert _heights(lower) == [8]


async def test_a_chart_of_nothing_can_be_drawn() -> None:
    """Weeks without any report give an empty chart with its axis."""
    svg = await drawn([Column(FIRST, (0, 0)), Column(FIRST + timedelta(days=7), (0, 0))])
    assert "part-1" not in svg
    assert 'class="axis"' in svg
    (quiet,) = await small([Column(FIRST, (0, 0))], top=0)
    assert "part-" not in quiet
    assert 'class="axis"' in quiet


@pytest.mark.parametrize(
    "shape",
    [
        '<circle r="3"/>',
        '<path fill="red" d="M0,0h1z"/>',
        '<path fill="#000001" d="M0,0C1,1 2,2 3,3"/>',
        '<path fill="#000001" d="M0,0a1,1,0,1,1,2,0"/>',
        '<g transform="rotate(90)"><line stroke="#000011" x2="1"/></g>',
    ],
)
def test_what_cannot_be_written_strictly_is_refused(shape: str) -> None:
    """An unknown shape, colour, curve or transform is an error, never passed through."""
    with pytest.raises(UnknownShape):
        compact(f'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1">{shape}</svg>', CLASSES)


def _rectangles(svg: str, name: str) -> int:
    return sum(d.count("M") for d in re.findall(rf'<path class="{name}" d="([^"]+)"', svg))


def _heights(svg: str) -> list[float]:
    return [float(v) for v in re.findall(r'class="part-1" d="M[\d.,-]+h[\d.]+v([\d.]+)', svg)]


DOTS = [
    Dot(FIRST + timedelta(days=7 * n), value, meaning, 1.0, 8.0, 4.0, 1 if n < 3 else 2)
    for n, (value, meaning) in enumerate(
        [(3.0, "common"), (9.0, "high"), (None, "common"), (0.5, "low"), (5.0, "common"), (9.5, "concern")]
    )
]


async def control(shape: Shape = WIDE, **more: Any) -> str:
    return str(await Charts().draw(control_chart(DOTS, shape, **more), "c", "Title", "Description"))


async def test_a_control_chart_tells_special_points_by_shape_as_well() -> None:
    """Common points are circles, others have corners and classes of their own; a gap draws none."""
    svg = await control()
    circles, high, low, concern = (_class(svg, name) for name in ("common", "neutral", "neutral", "concern"))
    assert circles.count("A") == 4, "two arcs for each of two circles"
    assert high == low
    assert high.count("M") == 2
    assert "A" not in high + concern


async def test_limits_are_a_band_for_each_stretch() -> None:
    """A rebase breaks the band and the centre; the value's line leaves out what is missing."""
    svg = await control()
    assert _class(svg, "band").count("M") == 2
    assert _class(svg, "centre").count("M") == 2
    assert _class(svg, "series").count("M") == 2


async def test_changes_are_lines_across_the_chart() -> None:
    """A decision or an action stands on the same time axis as the points."""
    assert "change" not in await control()
    assert _class(await control(changes=[FIRST, FIRST + timedelta(days=9)]), "change").count("M") == 2


@pytest.mark.parametrize("shape", [WIDE, NARROW])
async def test_labels_of_time_stand_apart(shape: Shape) -> None:
    """Whatever the number of points, labels keep their distance."""
    many = [Dot(FIRST + timedelta(days=7 * n), 1.0) for n in range(150)]
    svg = str(await Charts().draw(control_chart(many, shape), "c", "t", "d"))
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="middle">', svg)]
    assert len(places) > 2
    assert min(b - a for a, b in itertools.pairwise(places)) >= 60
    assert re.findall(r">(\w{3} 20\d\d)<", svg)


def _class(svg: str, name: str) -> str:
    return "".join(re.findall(rf'<path class="{name}" d="([^"]+)"', svg))


async def test_bars_carry_their_words_and_stay_on_one_scale() -> None:
    """Every bar is named and numbered; one without a length that may be shown has words alone."""
    rows = [Bar("Medicines", (4, 6), "10 reports"), Bar("Falls", (0, 5), "5 reports"), Bar("Fire", None, "not shown")]
    svg = str(await Charts().draw(bars(rows, 330), "c", "Title", "Description"))
    for words in ("Medicines", "10 reports", "Fire", "not shown"):
        assert f">{words}</text>" in svg
    assert re.findall(r'class="(part-\d)"', svg) == ["part-1", "part-2"]
    near, others, fallen = (float(width) for width in re.findall(r"h(\d+(?:\.\d)?)v14", svg))
    assert near + others == 2 * fallen


async def test_a_picture_for_paper_has_the_colours_of_paper() -> None:
    """A PNG of the same drawing, on white, without the stand-ins that a stylesheet would replace."""
    png = Image.open(io.BytesIO(await Charts().picture(stacked_columns(COLUMNS, SHAPE)))).convert("RGB")
    colours = {f"#{r:02x}{g:02x}{b:02x}" for _, (r, g, b) in png.getcolors(maxcolors=1_000_000) or []}
    assert {"#ffffff", ON_PAPER[PARTS[0]], ON_PAPER[PARTS[1]]} <= colours
    assert not colours & set(CLASSES)
