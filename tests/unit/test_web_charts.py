"""Charts as strict, small and accessible inline SVG."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest

from shared.web.charts import CLASSES, Charts, Column, Shape, stacked_columns
from shared.web.svg import UnknownShape, compact

FIRST = date(2026, 9, 28)
COLUMNS = [Column(FIRST + timedelta(days=7 * n), (3 + n, 9 - n)) for n in range(8)]
SHAPE = Shape(320, 120)


async def drawn(columns: list[Column] = COLUMNS, shape: Shape = SHAPE, top: int | None = None, **words: str) -> str:
    told = {"chart_id": "c", "title": "Title", "description": "Description"} | words
    return str(await Charts().draw(stacked_columns(columns, shape, top), **told))


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
    assert set(CLASSES.values()) == set(re.findall(r'<path class="([^"]+)"', svg))
    assert "#" not in svg


async def test_a_small_drawing_is_small() -> None:
    """Twelve of them fit into a page: under 1,700 bytes each."""
    assert len(await drawn(shape=Shape(248, 92, ticks=2, ends_only=True))) < 1_700


async def test_each_part_is_drawn_for_each_week_that_has_it() -> None:
    """Eight weeks with two parts are eight columns of each class; a zero draws nothing."""
    svg = await drawn([Column(c.day, (c.parts[0], 0 if n == 0 else c.parts[1])) for n, c in enumerate(COLUMNS)])
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
    alone, beside, lower = [
        _heights(await drawn(columns, SHAPE, top))[0]
        for columns, top in ((one, 20), (beside_a_higher_one, None), (one, 40))
    ]
    assert beside == alone
    assert lower == pytest.approx(alone / 2, abs=0.2)


async def test_a_chart_of_nothing_can_be_drawn() -> None:
    """Weeks without any report give an empty chart with its axis."""
    svg = await drawn([Column(FIRST, (0, 0)), Column(FIRST + timedelta(days=7), (0, 0))])
    assert "part-1" not in svg
    assert 'class="axis"' in svg


@pytest.mark.parametrize(
    "shape",
    [
        '<circle r="3"/>',
        '<path fill="red" d="M0,0h1z"/>',
        '<path fill="#000001" d="M0,0C1,1 2,2 3,3"/>',
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
