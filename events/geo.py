"""Distances on the Earth, taken as a sphere: within 0.6 % of the true ones."""

from math import asin, cos, degrees, radians, sin

from django.db.models import F, FloatField, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import ASin, Cos, Least, Radians, Sin, Sqrt

EARTH_RADIUS_KM = 6371.0088
MAX_RADIUS_KM = 200
FULL_TURN = 360.0
# Makes the box a little wider than the circle, so that rounding never cuts its edge.
SLACK = 1 + 1e-9


def distance_km(latitude: float, longitude: float) -> Combinable:
    """From the given place to a row's `latitude` and `longitude`, by the haversine formula."""
    north = Sin(_radians_from("latitude", latitude) / 2.0)
    east = Sin(_radians_from("longitude", longitude) / 2.0)
    cosines = Cos(_radians_from("latitude", 0)) * cos(radians(latitude))
    chord = Sqrt(north * north + cosines * east * east, output_field=FloatField())
    return ASin(Least(chord, 1.0)) * (2 * EARTH_RADIUS_KM)


def _radians_from(column: str, degrees: float) -> Combinable:
    # A turn further on, where no difference is too small for PostgreSQL, which fails on those.
    return Radians(
        F(column) + Value(FULL_TURN) - Value(FULL_TURN + degrees), output_field=FloatField()
    )


def box(latitude: float, longitude: float, radius_km: float) -> Q:
    """A box of degrees around the circle, which an index can search."""
    angle = radius_km * SLACK / EARTH_RADIUS_KM
    south, north = latitude - degrees(angle), latitude + degrees(angle)
    between = Q(latitude__range=(south, north))
    if south <= -90 or north >= 90:
        return between  # a pole lies in the circle, and with it every longitude
    width = degrees(asin(sin(angle) / cos(radians(latitude)))) * SLACK
    west, east = longitude - width, longitude + width
    if west < -180:
        return between & (Q(longitude__gte=west + 360) | Q(longitude__lte=east))
    if east > 180:
        return between & (Q(longitude__gte=west) | Q(longitude__lte=east - 360))
    return between & Q(longitude__range=(west, east))
