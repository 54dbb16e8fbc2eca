"""Fixtures of leads."""

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from leads.models import LeadIdentity
from leads.services import capture, identities
from tests.factories import UserFactory

CONSENT = {"text": "Concordo em receber uma resposta.", "version": "2027-05", "unasked": False}
PROOF = {"address": "192.0.2.7", "user_agent": "Firefox"}


def form(consent=CONSENT, **fields):
    """A lead who sent a form."""
    return capture.capture(fields, source="form", utm={}, consent=consent, proof=PROOF)


def from_whatsapp(phone, name=""):
    """A lead who wrote from this number."""
    return identities.lead_of(
        "phone", phone, proof=LeadIdentity.Proof.WHATSAPP, source="whatsapp", name=name
    )


def whole_database():
    """All text of all tables."""
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            cursor.execute(f'SELECT "{name}"::text FROM "{name}"')
            yield from (row[0] for row in cursor.fetchall())


@pytest.fixture
def caretaker(db):
    """Staff who look after leads."""
    staff = UserFactory(is_staff=True)
    leads = Permission.objects.filter(content_type__app_label="leads", codename__endswith="_lead")
    staff.user_permissions.set(leads)
    return staff


@pytest.fixture
def care(client_of, caretaker):
    """A client of the API that acts as them."""
    return client_of(caretaker)
