"""QR codes that are shown at the door."""

import io

import segno

CONTENT_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


def draw(code: str, image: str) -> bytes:
    """The code as a PNG or SVG image, readable from a cracked or dim screen."""
    drawing = io.BytesIO()
    segno.make(code, error="q", micro=False).save(drawing, kind=image, scale=8)
    return drawing.getvalue()


def data_url(code: str) -> str:
    """The code as an image that a page can show as it is."""
    return segno.make(code, error="q", micro=False).svg_data_uri(scale=8)
