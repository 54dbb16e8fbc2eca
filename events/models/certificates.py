"""What people may show to others."""

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils import timezone

from events.models.codes import new_code
from events.models.participation import EventParticipant


class Certificate(models.Model):
    """That a person gave so many hours at an event; it holds as long as the ledger says the same.

    Other hours make another certificate, so that one on paper never changes its meaning.
    """

    participant = models.ForeignKey(
        EventParticipant,
        models.CASCADE,
        related_name="certificates",
        db_index=False,  # the constraint below begins with it
    )
    hours = models.DecimalField(max_digits=10, decimal_places=2)
    # Whoever has it may see that the certificate is ours.
    code = models.CharField(max_length=32, unique=True, default=new_code)
    issued_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["participant", "hours"], name="certificate_is_unique"),
            models.CheckConstraint(condition=Q(hours__gt=Decimal(0)), name="certificate_has_hours"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} of {self.participant_id}"
