# PLACEHOLDER
from leads.models import Lead


def taken_over(lead: Lead) -> None:
    pass
