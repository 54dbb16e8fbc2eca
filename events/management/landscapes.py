"""Simple landscapes for demo photos: drawn here, so that nobody's pictures are needed."""

import random

from PIL import Image, ImageDraw

SIZE = (1200, 800)
HORIZON = 430


def draw(seed: int, stage: str) -> Image.Image:
    """The same place for the same seed: full of litter before, with young trees after."""
    place = random.Random(seed)  # noqa: S311
    image = _sky(place)
    pen = ImageDraw.Draw(image)
    _hills(pen, place)
    spots = [(place.randint(40, 1160), place.randint(560, 780)) for _ in range(36)]
    spots.sort(key=lambda spot: spot[1])  # the near ones stand before the far ones
    for number, (x, y) in enumerate(spots):
        if stage == "before" or (stage == "during" and number % 2):
            _litter(pen, place, x, y)
        elif number % 3 == 0:
            _tree(pen, x, y, height=(y - 480) // 2)
    return image


def _sky(place: random.Random) -> Image.Image:
    shades = Image.linear_gradient("L").resize(SIZE)
    top = (90 + place.randint(0, 50), 160 + place.randint(0, 30), 225)
    image = Image.composite(
        Image.new("RGB", SIZE, (250, 240, 215)), Image.new("RGB", SIZE, top), shades
    )
    x = place.randint(150, 1050)
    ImageDraw.Draw(image).ellipse((x - 50, 80, x + 50, 180), fill=(255, 236, 160))
    return image


def _hills(pen: ImageDraw.ImageDraw, place: random.Random) -> None:
    for depth, colour in enumerate([(120, 160, 130), (95, 145, 105), (150, 175, 95)]):
        middle = place.randint(0, 1200)
        top = HORIZON - 110 + depth * 80
        pen.ellipse((middle - 1500, top, middle + 1500, top + 1400), fill=colour)
    pen.rectangle((0, 560, 1200, 800), fill=(150, 175, 95))


def _litter(pen: ImageDraw.ImageDraw, place: random.Random, x: int, y: int) -> None:
    colour = place.choice([(215, 60, 55), (60, 90, 190), (240, 240, 240), (70, 70, 75)])
    pen.rectangle((x - 14, y - 9, x + 14, y + 9), fill=colour, outline=(60, 60, 60))


def _tree(pen: ImageDraw.ImageDraw, x: int, y: int, *, height: int) -> None:
    pen.rectangle((x - 4, y - height // 2, x + 4, y), fill=(110, 75, 45))
    side = height // 2
    pen.ellipse((x - side, y - height - side // 2, x + side, y - height // 3), fill=(55, 120, 60))
