"""QR codes: as PNG for printing, and as SVG inside a page."""

from __future__ import annotations

import io

import segno

PNG_SCALE = 12
QUIET_ZONE = 4


def qr_png(text: str) -> bytes:
    """Return a QR code as a PNG of 12 pixels a module, with error correction for a scratched poster (level Q)."""
    written = io.BytesIO()
    segno.make_qr(text, error="q").save(written, kind="png", scale=PNG_SCALE, border=QUIET_ZONE)
    return written.getvalue()


def qr_svg(text: str, title: str) -> str:
    """Return a QR code as an SVG element that takes the width of its place; its title says what it holds."""
    code = segno.make_qr(text, error="m")
    return code.svg_inline(border=QUIET_ZONE, omitsize=True, title=title, svgclass="qr", lineclass=None, light="#fff")
