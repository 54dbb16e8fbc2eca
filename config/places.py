"""A place on earth that a row may have."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


def check_place(latitude: float | None, longitude: float | None) -> None:
    """Refuse half a place, at the field that is missing."""
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        message = _("Give latitude and longitude, or neither.")
        raise ValidationError({missing: ValidationError(message, "incomplete_place")})


class Placed(models.Model):
    """Has a place in degrees, or none; never half of one."""

    latitude = models.FloatField(
        _("latitude"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-90), MaxValueValidator(90)],
    )
    longitude = models.FloatField(
        _("longitude"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-180), MaxValueValidator(180)],
    )

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                # "Not null" is said because a comparison with null refuses nothing.
                condition=Q(latitude=None, longitude=None)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__range=(-90, 90),
                    longitude__range=(-180, 180),
                ),
                name="%(class)s_place_is_on_earth",
            ),
        ]

    def clean(self) -> None:
        super().clean()
        check_place(self.latitude, self.longitude)
