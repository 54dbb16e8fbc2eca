"""Search: words in any order, with or without accents, found by an index."""

import pytest

from events.models import Event
from tests.factories import EventFactory
from tests.plans import plan

pytestmark = pytest.mark.django_db


def found(client, text):
    response = client.get("/api/v1/events/", {"search": text})
    assert response.status_code == 200
    return {event["id"] for event in response.json()["results"]}


@pytest.mark.parametrize(
    "text", ["plantação", "plantacao", "PLANTAÇÃO", "plantac", "antaça", "  plantação  "]
)
def test_a_word_is_found_without_its_accents_and_in_any_case(anonymous, text):
    event = EventFactory(title="Plantação de ipês")
    EventFactory(title="Limpeza da praia")

    assert found(anonymous, text) == {event.pk}


@pytest.mark.parametrize("field", ["title", "description", "city"])
def test_title_description_and_city_are_searched(anonymous, field):
    event = EventFactory(**{field: "Paranapiacaba"})
    EventFactory()

    assert found(anonymous, "paranapiacaba") == {event.pk}


def test_every_word_must_be_there_in_any_order_and_field(anonymous):
    event = EventFactory(title="Limpeza da praia", city="Santos")
    EventFactory(title="Limpeza do rio", city="Santos")

    assert found(anonymous, "santos praia limpeza") == {event.pk}


@pytest.mark.parametrize("text", ["100%", "a_b", "c\\d", "d'água"])
def test_signs_stand_for_themselves(anonymous, text):
    event = EventFactory(title=f"Meta: {text} limpa")
    EventFactory(title="Meta: 1000 axb cxd dágua limpa")

    assert found(anonymous, text) == {event.pk}


def test_an_edited_event_is_found_by_its_new_words(anonymous):
    event = EventFactory(title="Limpeza")
    event.title = "Mutirão de sementes"
    event.save()

    assert found(anonymous, "sementes") == {event.pk}


def test_a_word_of_three_letters_can_use_the_index():
    assert "event_by_text" in plan(Event.objects.matching("ipê").order_by())


def test_a_city_can_use_the_index():
    assert "event_by_city" in plan(Event.objects.in_city("São Paulo").order_by())
