"""What it costs to take a picture, against the least that Pillow needs for it."""

import random
import time
from io import BytesIO

from PIL import Image

from tests.load.compare import time_ratio

# As phones take them: 12 megapixels.
SIZE = (4000, 3000)
SIDE = 2048


def photos(bench):
    """Ours checks, turns upright, strips and makes a thumbnail too; the bare one does not."""
    from config import images

    photo = _photo()

    def ours():
        field = images.PictureField()
        kept = field.run_validation(_upload(photo))
        return kept.full(), kept.thumbnail()

    yield time_ratio(
        "photo of 12 megapixels / bare Pillow", 1.5, _timed(ours), _timed(_bare(photo))
    )


def _bare(photo):
    def decode_resize_encode():
        with Image.open(BytesIO(photo)) as image:
            image.thumbnail((SIDE, SIDE))
            image.save(BytesIO(), "JPEG", quality=82)

    return decode_resize_encode


def _timed(work):
    def measure():
        start = time.perf_counter()
        work()
        return (time.perf_counter() - start) * 1000

    return measure


def _photo():
    """Clouds of noise: about as hard to decode as a real picture of that size."""
    seed = random.Random(7)
    noise = Image.frombytes("RGB", (500, 375), seed.randbytes(500 * 375 * 3))
    exif = Image.Exif()
    exif.update({0x0112: 6, 0x010F: "Telefone"})
    file = BytesIO()
    noise.resize(SIZE, Image.Resampling.BICUBIC).save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


def _upload(content):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("photo.jpg", content, "image/jpeg")
