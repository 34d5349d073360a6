"""Fits govuk-frontend's compiled CSS to these pages: without font, crest and branding, colours by purpose."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

FONT: Final = 'system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif'
"""The component system's own font may only be used on GOV.UK."""
LEFT_OUT: Final = (
    # Branding of GOV.UK.
    "govuk-header",
    "govuk-footer",
    "govuk-logo",
    "govuk-template",
    "govuk-phase-banner",
    # Components that need a script, or that this project has its own way for.
    "govuk-accordion",
    "govuk-cookie-banner",
    "govuk-drop-zone",
    "govuk-exit-this-page",
    "govuk-file-upload-button",
    "govuk-frontend-supported",
    "govuk-password-input",
    "govuk-service-navigation",
    "govuk-tabs",
    "govuk-visually-hidden-focusable",
    # On paper, addresses written out behind every link of a page full of numbers.
    "govuk-link:after",
)
READING_SIZE: Final = ("1.1875rem", "1.0625rem")
"""Its text is 19 px on wide screens; these pages hold more on a screen, at 17 px."""
_INK, _FOCUS, _LINK = "#0b0c0c", "#fd0", "#1d70b8"
_COLOURS: Final = {
    "#fff": "paper",
    "#f3f2f1": "raised",
    "#f4f8fb": "raised",
    "#dbdad9": "raised-hover",
    "#929191": "line",
    "#c1c3c5": "line",
    "#b1b4b6": "line",
    "#505a5f": "ink-quiet",
    "#003078": "link-hover",
    "#4c2c92": "link-visited",
    "#d4351c": "error",
    "#942514": "error",
    "#aa2a16": "error-ground-hover",
    "#55150b": "strong-shadow",
    "#00703c": "strong",
    "#005a30": "strong-hover",
    "#002d18": "strong-shadow",
    "#004e2a": "strong-hover",
}
"""Colour of the component system to the custom property of static/pages.css that stands for it. The green of its
buttons becomes the colour of what is strong: green means nothing here."""
_BLOCK = re.compile(r"\{[^{}]*\}")
_COMMA = re.compile(r",(?![^()]*\))")
_DECLARATION = re.compile(r"([a-z-]+):([^;}]*)")


def adapt(css: str) -> str:
    """Return the stylesheet as these pages use it.

    Args:
        css: govuk-frontend's compiled and minified CSS.

    Returns:
        CSS that fetches nothing and names no colour that a theme could not change, but for the tags' own pairs.
    """
    kept = "".join(_kept(css))
    kept = kept.replace("GDS Transport,arial,sans-serif", FONT).replace(*READING_SIZE)
    return _BLOCK.sub(lambda block: _themed(block[0]), kept)


def _kept(css: str) -> Iterator[str]:
    """Yield the rules that stay, each as text."""
    for prelude, inside in _rules(css):
        if prelude.startswith(("@media", "@supports")):
            nested = "".join(_kept(inside))
            if nested:
                yield f"{prelude}{{{nested}}}"
        elif not prelude.startswith("@"):
            selectors = [one for one in _COMMA.split(prelude) if not any(f".{name}" in one for name in LEFT_OUT)]
            if selectors and "url(" not in inside:
                yield f"{','.join(selectors)}{{{inside}}}"


def _rules(css: str) -> Iterator[tuple[str, str]]:
    """Split a stylesheet into what stands before a brace and what stands in it."""
    at = 0
    while (opened := css.find("{", at)) >= 0:
        depth, end = 1, opened + 1
        while depth:
            depth += {"{": 1, "}": -1}.get(css[end], 0)
            end += 1
        yield css[at:opened].rpartition(";")[2].strip(), css[opened + 1 : end - 1]
        at = end


def _themed(block: str) -> str:
    """Put custom properties in place of colours; what they mean depends on what stands behind them."""
    on_focus = f"background-color:{_FOCUS}" in block
    on_ink = re.search(rf"background(-color)?:{_INK}", block) is not None

    def declaration(found: re.Match[str]) -> str:
        name, value = found[1], found[2]
        text = name in ("color", "-webkit-text-fill-color", "fill")
        ink = "highlight-ink" if on_focus else "ink"
        white = "paper" if on_ink else "on-strong"
        words = dict(_COLOURS) | {_INK: ink, _FOCUS: "highlight", _LINK: "link" if text else "strong"}
        if text:
            words["#fff"] = white
        elif name.startswith("background"):
            words["#d4351c"] = "error-ground"
        value = value.replace("rgba(11,12,12,.99)", f"var(--{ink})")
        return f"{name}:" + re.sub(
            r"#[0-9a-f]{3,8}\b", lambda colour: f"var(--{words[colour[0]]})" if colour[0] in words else colour[0], value
        )

    return _DECLARATION.sub(declaration, block)
