"""Makes a drawn SVG small and strict: colours become classes, like shapes become one path, no styles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
_PIECE = re.compile(r"([A-Za-df-z])([^A-Za-df-z]*)")
_COLUMN = re.compile(r"M([-\d.e]+),([-\d.e]+)h([-\d.e]+)v([-\d.e]+)h[-\d.e]+Z")
_TRANSLATE = re.compile(r"translate\(\s*([-\d.e]+)\s*,\s*([-\d.e]+)\s*\)")
_INVISIBLE = frozenset({"background", "foreground"})


class UnknownShape(Exception):
    """The drawing holds something that this module does not know how to write strictly."""


@dataclass
class _Out:
    """Pieces of the new drawing; shapes of one class that follow each other are joined."""

    pieces: list[str]
    kind: str = ""
    path: str = ""

    def shape(self, kind: str, d: str) -> None:
        if kind != self.kind:
            self.flush()
        self.kind, self.path = kind, self.path + d

    def flush(self) -> None:
        if self.path:
            self.pieces.append(f'<path class="{self.kind}" d="{self.path}"/>')
        self.kind, self.path = "", ""


def compact(drawn: str, classes: Mapping[str, str]) -> tuple[str, float, float]:
    """Rewrite a drawing with nothing in it that a strict content security policy would stop.

    Args:
        drawn: An SVG document made of groups that are only moved, paths, lines and horizontal text.
        classes: Colour in the drawing to class in the page; the page's styles give the real colours.

    Returns:
        What goes inside the new `<svg>`, and the drawing's width and height.

    Raises:
        UnknownShape: there is a shape, colour or transform that cannot be written so.
    """
    root = ElementTree.fromstring(drawn)  # noqa: S314 - made by our own renderer from our own specification
    return _written(root, 0.0, 0.0, classes), float(root.get("width", 0)), float(root.get("height", 0))


def compact_each(drawn: str, classes: Mapping[str, str], name: str) -> list[str]:
    """Rewrite each of many small charts that were drawn as one, as `compact` does.

    Args:
        drawn: As for `compact`.
        classes: As for `compact`.
        name: What the groups' own names begin with; each group is one chart.

    Returns:
        What goes inside the `<svg>` of each chart, in the order of the groups, as if it stood at the drawing's begin.

    Raises:
        UnknownShape: as `compact`.
    """
    root = ElementTree.fromstring(drawn)  # noqa: S314 - made by our own renderer from our own specification
    sheet = next(child for child in root if child.tag == f"{SVG}g")
    return [
        _written(moved, *_moved(sheet.get("transform")), classes)
        for group in root.iter(f"{SVG}g")
        if f" {name}" in group.get("class", "")
        for moved in group
    ]


def _written(node: ElementTree.Element, x: float, y: float, classes: Mapping[str, str]) -> str:
    out = _Out([])
    _walk(node, x, y, classes, out)
    out.flush()
    return "".join(out.pieces)


def _walk(node: ElementTree.Element, x: float, y: float, classes: Mapping[str, str], out: _Out) -> None:
    for child in _visible(node):
        tag = child.tag.removeprefix(SVG)
        dx, dy = _moved(child.get("transform"))
        if tag == "g":
            _walk(child, x + dx, y + dy, classes, out)
        elif tag == "path":
            out.shape(_class(child, classes), _path(child.get("d", ""), x + dx, y + dy))
        elif tag == "line":
            end_x, end_y = float(child.get("x2", 0)), float(child.get("y2", 0))
            out.shape(_class(child, classes), f"M{short(x + dx)},{short(y + dy)}l{short(end_x)},{short(end_y)}")
        elif tag == "text":
            out.flush()
            out.pieces.append(_text(child, x + dx, y + dy))
        else:
            raise UnknownShape(tag)


def _visible(node: ElementTree.Element) -> Iterable[ElementTree.Element]:
    for child in node:
        tag = child.tag.removeprefix(SVG)
        nothing = (tag == "path" and not child.get("d")) or tag == "rect"  # the one rect is the page's white sheet
        hidden = child.get("class") in _INVISIBLE or child.get("opacity") == "0"  # labels that found no room
        if not nothing and not hidden:
            yield child


def _moved(transform: str | None) -> tuple[float, float]:
    if transform is None:
        return 0.0, 0.0
    found = _TRANSLATE.fullmatch(transform)
    if found is None:
        raise UnknownShape(f"transform {transform}")
    return float(found[1]), float(found[2])


def _class(node: ElementTree.Element, classes: Mapping[str, str]) -> str:
    for name in ("fill", "stroke"):
        colour = node.get(name)
        if colour is not None and colour in classes:
            return classes[colour]
    raise UnknownShape(f"{node.tag} with colours {node.get('fill')} and {node.get('stroke')}")


def _path(d: str, x: float, y: float) -> str:
    """Move a path: what is absolute is shifted, what is relative stays."""
    if (found := _COLUMN.fullmatch(d)) is not None:  # most of what is drawn
        left, top, width, height = map(float, found.groups())
        return f"M{short(left + x)},{short(top + y)}h{short(width)}v{short(height)}h{short(-width)}z"
    return "".join(_piece(found[1], _NUMBER.findall(found[2]), x, y) for found in _PIECE.finditer(_checked(d)))


def _checked(d: str) -> str:
    commands = set(re.sub(r"[-\d.,\se]", "", d))
    if not commands <= set("MLAhvlZz"):
        raise UnknownShape(f"path commands {sorted(commands)}")
    return d


def _piece(command: str, numbers: list[str], x: float, y: float) -> str:
    """Write one command with its numbers; of an absolute one the last two of each group are a point."""
    values = [float(number) for number in numbers]
    size = {"M": 2, "L": 2, "A": 7}.get(command)
    if size is not None:
        values = [
            value + (x, y)[n % size - size + 2] if n % size >= size - 2 else value for n, value in enumerate(values)
        ]
    return ("z" if command == "Z" else command) + ",".join(map(short, values))


def _text(node: ElementTree.Element, x: float, y: float) -> str:
    anchor = node.get("text-anchor", "start")
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{short(x)}" y="{short(y)}"{end}>{escape(node.text or "")}</text>'


def short(value: float) -> str:
    """Write a length in pixels with at most one decimal."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
