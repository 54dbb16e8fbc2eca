"""What is taken for a picture, and what is left of it."""

import pytest
from PIL import Image, ImageCms
from rest_framework import serializers

from config.images import PictureField
from tests.pictures import (
    BLUE,
    RED,
    encoded,
    from_phone,
    moving,
    opened,
    picture,
    png_header,
    upload,
)

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


class Form(serializers.Serializer):
    photo = PictureField()


def read(file):
    form = Form(data={"photo": file})
    form.is_valid(raise_exception=True)
    return form.validated_data["photo"]


def refusal(file):
    form = Form(data={"photo": file})
    assert not form.is_valid()
    assert form.errors.keys() == {"photo"}
    [error] = form.errors["photo"]
    return error.code


def is_about(colour, pixel):
    return all(abs(one - other) < 60 for one, other in zip(colour, pixel, strict=True))


KINDS = {
    "JPEG": picture("JPEG"),
    "progressive JPEG": picture("JPEG", progressive=True),
    "CMYK": picture("JPEG", mode="CMYK"),
    "PNG": picture("PNG"),
    "palette": picture("PNG", mode="P"),
    "transparent": picture("PNG", mode="RGBA"),
    "WebP": picture("WEBP"),
    "GIF": picture("GIF"),
    "HEIC": picture("HEIF"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_all_kinds_become_rgb_jpegs(kind):
    image = opened(read(KINDS[kind]).full())

    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (60, 40))
    assert is_about(RED, image.getpixel((5, 20)))
    assert is_about(BLUE, image.getpixel((55, 20)))


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_of_a_moving_picture_the_first_is_kept(kind):
    image = opened(read(moving(kind)).full())

    assert image.format == "JPEG"
    assert is_about(RED, image.getpixel((30, 20)))


def test_sixteen_bits_of_grey_become_eight():
    shades = bytes(byte for shade in range(0, 65536, 256) for byte in (0, shade >> 8))
    grey = Image.frombytes("I;16", (256, 1), shades).resize((256, 8))

    image = opened(read(upload(encoded(grey, "PNG"))).full())

    assert [image.getpixel((x, 4))[0] for x in (2, 128, 253)] == pytest.approx([2, 128, 253], abs=9)


@pytest.mark.parametrize(
    ("kind", "image"),
    [
        ("PNG", Image.new("LA", (20, 20), (0, 0))),
        ("WEBP", Image.new("RGBA", (20, 20), (0, 0, 0, 0))),
        ("GIF", Image.new("RGBA", (20, 20), (0, 0, 0, 0))),
    ],
)
def test_what_shines_through_is_white(kind, image):
    shown = opened(read(upload(encoded(image, kind))).full())

    assert shown.getpixel((10, 10)) == (255, 255, 255)


def test_nothing_but_pixels_is_kept():
    """Neither where it was taken, nor by whom, nor with what."""
    given = from_phone()
    assert Image.open(given).getexif().get_ifd(0x8825)
    given.seek(0)

    kept = read(given)

    for file in (kept.full(), kept.thumbnail()):
        content = file.read()
        assert not Image.open(file).getexif()
        for mark in (b"Exif", b"Telefone", b"Ana", b"xmp", b"ICC_PROFILE"):
            assert mark not in content


@pytest.mark.parametrize(
    ("orientation", "size", "top_left"),
    [(1, (60, 40), RED), (3, (60, 40), BLUE), (6, (40, 60), RED)],
)
def test_what_was_taken_sideways_stands_upright(orientation, size, top_left):
    image = opened(read(from_phone(orientation=orientation)).full())

    assert image.size == size
    assert is_about(top_left, image.getpixel((4, 4)))


def test_both_sizes_are_bounded():
    kept = read(picture(size=(3000, 1500)))

    assert opened(kept.full()).size == (2048, 1024)
    assert opened(kept.thumbnail()).size == (400, 200)


def test_a_small_picture_is_not_blown_up():
    assert opened(read(picture(size=(1, 1))).thumbnail()).size == (1, 1)


@pytest.mark.parametrize("colours", ["sRGB", "LAB"])
def test_colours_are_those_of_every_screen_or_the_file_is_wrong_about_them(colours):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile(colours)).tobytes()

    image = opened(read(picture(icc_profile=profile)).full())

    assert is_about(RED, image.getpixel((5, 20)))


def half(file):
    content = file.read()
    return content[: len(content) // 2]


JUNK = {
    "SVG": SVG,
    "HTML": b"<!doctype html><script>alert(1)</script>",
    "text": b"not a picture",
    "the first bytes of a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "half a JPEG": half(picture()),
    "half a PNG": half(picture("PNG")),
    "half a WebP": half(picture("WEBP")),
    "half a HEIC": half(picture("HEIF")),
    "a kind that we do not take": picture("TIFF").read(),
    "another": picture("BMP").read(),
    "a JPEG that takes hours": picture().read() + b"\xff\xda" * 200,
}


@pytest.mark.parametrize("kind", JUNK)
def test_what_is_no_whole_picture_is_refused(kind):
    assert refusal(upload(JUNK[kind])) == "unreadable"


def test_an_empty_file_is_refused():
    assert refusal(upload(b"")) == "empty"


def test_text_in_the_place_of_a_file_is_refused():
    assert refusal("photo.jpg") == "invalid"


def test_fifty_megapixels_are_refused():
    assert refusal(upload(encoded(Image.new("1", (10_000, 5_000)), "PNG"))) == "too_many_pixels"


def test_a_webp_has_half_as_many(settings):
    """Twice the memory of a JPEG goes into each of its pixels."""
    settings.PICTURE_MAX_PIXELS = 60 * 40

    assert read(picture("JPEG"))
    assert refusal(picture("WEBP")) == "too_many_pixels"


@pytest.mark.parametrize("side", [7_000, 10_000, 60_000])
def test_a_bomb_is_refused_by_its_header(side):
    """There is nothing behind it, so whoever decoded would call it unreadable."""
    assert refusal(upload(png_header(side, side))) == "too_many_pixels"


def test_too_many_bytes_are_refused(settings):
    settings.PICTURE_MAX_BYTES = 100

    assert refusal(picture()) == "too_large"
