import pytest

from events.models import EventCategory
from tests.factories import CategoryFactory, EventFactory

LIST = "/admin/events/eventcategory/"


@pytest.mark.django_db
def test_new_category(admin_client):
    admin_client.post(f"{LIST}add/", {"name": "Horta", "slug": "horta", "is_active": "on"})

    assert EventCategory.objects.get(slug="horta").is_active


@pytest.mark.django_db
def test_category_in_use_stays(admin_client):
    used, unused = EventFactory().category, CategoryFactory()

    for category in (used, unused):
        admin_client.post(f"{LIST}{category.pk}/delete/", {"post": "yes"})

    assert list(EventCategory.objects.filter(pk__in=[used.pk, unused.pk])) == [used]
