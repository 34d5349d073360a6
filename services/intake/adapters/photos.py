"""Photos: made anew from their pixels, so that nothing is left of where, when and with what they were taken."""

from __future__ import annotations

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from shared.kernel.errors import Fault, Invalid

FORMATS: Final = ("JPEG", "PNG", "WEBP")
EDGE_MAX_PX: Final = 1600
PIXELS_MAX: Final = 80_000_000
QUALITY: Final = 80


def clean_photo(data: bytes) -> bytes:
    """Turn a photo upright, shrink it to 1600 px at its longer edge, and write it as a JPEG without any metadata.

    Args:
        data: The file as it was sent.

    Returns:
        A JPEG that holds pixels alone.

    Raises:
        Invalid: it is no photo that can be read; says which kinds can.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
                if opened.width * opened.height > PIXELS_MAX:
                    raise _unreadable()
                opened.draft("RGB", (EDGE_MAX_PX, EDGE_MAX_PX))
                upright = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError, Warning) as error:
        raise _unreadable() from error
    upright.thumbnail((EDGE_MAX_PX, EDGE_MAX_PX))
    bare = Image.new("RGB", upright.size)
    bare.paste(upright)
    written = io.BytesIO()
    bare.save(written, "JPEG", quality=QUALITY)
    return written.getvalue()


def _unreadable() -> Invalid:
    detail = "the photo cannot be read; nothing was sent. Send a JPEG, PNG or WebP photo, or none"
    return Invalid(detail, (Fault("is no photo that can be read", "photo"),))
