# PLACEHOLDER: of the follow-ups
from leads.models import Lead


def stage_changed(lead: Lead) -> None:
    """Stops what must stop, enrols what must begin."""
