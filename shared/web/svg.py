"""Makes a drawn SVG small and strict: colours become classes, like shapes become one path, no styles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d*\.?\d+(?:e-?\d+)?")
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
    out = _Out([])
    _walk(root, 0.0, 0.0, classes, out)
    out.flush()
    return "".join(out.pieces), float(root.get("width", 0)), float(root.get("height", 0))


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
            out.shape(_class(child, classes), f"M{_short(x + dx)},{_short(y + dy)}l{_short(end_x)},{_short(end_y)}")
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
    """Move a path that begins with an absolute point and goes on relatively, as rectangles do."""
    commands = set(re.sub(r"[-\d.,\se]", "", d))
    if not commands <= set("MhvlZz"):
        raise UnknownShape(f"path commands {sorted(commands)}")
    start = re.match(r"M\s*([-\d.e]+)[,\s]([-\d.e]+)", d)
    if start is None or d.count("M") != 1:
        raise UnknownShape("path without one absolute start")
    rest = _NUMBER.sub(lambda number: _short(float(number[0])), d[start.end() :])
    return f"M{_short(float(start[1]) + x)},{_short(float(start[2]) + y)}{rest.replace('Z', 'z')}"


def _text(node: ElementTree.Element, x: float, y: float) -> str:
    anchor = node.get("text-anchor", "start")
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{_short(x)}" y="{_short(y)}"{end}>{escape(node.text or "")}</text>'


def _short(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
