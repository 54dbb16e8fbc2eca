# PLACEHOLDER
"""What stops sequences."""

from leads.models import Lead


def person_wrote(lead: Lead) -> None:
    return None


def taken_over(lead: Lead) -> None:
    return None
