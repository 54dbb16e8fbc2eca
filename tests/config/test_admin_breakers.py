"""The page of what we depend on."""

import pytest
from django.urls import reverse

from config import cache, nudge


def test_page_shows_what_is_away_and_since_when(admin_client):
    cache.BREAKER.fail(ConnectionError())
    nudge.BREAKER.fail(ConnectionError())

    page = admin_client.get(reverse("breakers")).text

    assert page.count("fora do ar, não é consultada") == 2
    assert "Banco de dados" in page
    assert "funciona" in page


@pytest.mark.django_db
def test_page_is_for_superusers(client, staff):
    client.force_login(staff)

    assert client.get(reverse("breakers")).status_code == 403


def test_page_is_to_look_at(admin_client):
    assert admin_client.post(reverse("breakers")).status_code == 405
