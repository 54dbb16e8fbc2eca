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


@pytest.mark.django_db
def test_the_slug_that_the_ledger_knows_a_category_by_stays(admin_client):
    category = CategoryFactory(slug="beira-mar")
    page = f"{LIST}{category.pk}/change/"

    assert admin_client.get(page).status_code == 200
    admin_client.post(page, {"name": "Horta", "slug": "horta", "is_active": "on"})

    category.refresh_from_db()
    assert (category.name, category.slug) == ("Horta", "beira-mar")
