"""Pictures of every kind, made when a test asks for them."""

import struct
import zlib
from io import BytesIO

import pillow_heif
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

pillow_heif.register_heif_opener()

RED, BLUE = (200, 30, 30), (30, 30, 200)
ORIENTATION, GPS = 0x0112, 0x8825


def upload(content, name="photo.jpg"):
    """As a form brings it: clients say what they like about name and type."""
    return SimpleUploadedFile(name, content, "image/jpeg")


def picture(kind="JPEG", *, size=(60, 40), mode="RGB", **how):
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return upload(encoded(image.convert(mode), kind, **how))


def encoded(image, kind, **how):
    file = BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


def moving(kind):
    """A red picture that turns blue."""
    frames = [Image.new("RGB", (60, 40), colour) for colour in (RED, BLUE)]
    return upload(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))


def from_phone(**tags):
    """With all that a camera writes beside the pixels: where it was, and when."""
    exif = Image.Exif()
    exif.update({0x010F: "Telefone", ORIENTATION: tags.get("orientation", 1)})
    exif.get_ifd(GPS).update({1: "S", 2: (23.0, 33.0, 1.0), 3: "W", 4: (46.0, 38.0, 0.0)})
    return picture(exif=exif, comment=b"by Ana", xmp=b"<x:xmpmeta>Ana</x:xmpmeta>")


def png_header(width, height):
    """The start of a PNG that says how large it is, and not one of its pixels."""
    facts = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checked = struct.pack(">I", 13) + facts + struct.pack(">I", zlib.crc32(facts))
    return b"\x89PNG\r\n\x1a\n" + checked + b"\0\0\0\x08IDAT"


def opened(file):
    return Image.open(BytesIO(file.read()))
