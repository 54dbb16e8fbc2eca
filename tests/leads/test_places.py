from zoneinfo import ZoneInfo

import pytest

from leads import places


@pytest.mark.parametrize(
    ("known", "state", "zone"),
    [
        ({"city": "Recife"}, "PE", "America/Recife"),
        ({"city": "são luís"}, "MA", "America/Fortaleza"),
        ({"city": "Sao Luis"}, "MA", "America/Fortaleza"),
        ({"city": "Ipu - CE"}, "CE", "America/Fortaleza"),
        ({"city": "Bom Jardim/PE"}, "PE", "America/Recife"),
        ({"city": "Bom Jardim (RJ)"}, "RJ", "America/Sao_Paulo"),
        ({"city": "Fernando de Noronha"}, "PE", "America/Noronha"),
        ({"city": "Recife", "phone": "+5511987654321"}, "PE", "America/Recife"),
        ({"city": "Bom Jardim", "phone": "+5597987654321"}, "AM", "America/Manaus"),
        ({"city": "Bom Jardim", "state": "mt"}, "MT", "America/Cuiaba"),
        ({"phone": "+5568987654321"}, "AC", "America/Rio_Branco"),
        ({"phone": "+351912345678"}, "", "America/Sao_Paulo"),
        ({"city": "Lisboa, Portugal"}, "", "America/Sao_Paulo"),
        ({"city": "🌱", "state": "XX"}, "", "America/Sao_Paulo"),
        ({}, "", "America/Sao_Paulo"),
    ],
)
def test_the_place_follows_from_what_is_known(known, state, zone):
    assert places.place_of(**known) == (state, zone)


def test_every_state_has_a_clock_and_every_area_code_one_state():
    codes = [code for _, codes, _ in places._STATES.values() for code in codes.split()]

    assert len(places.STATES) == 27
    assert len(codes) == len(set(codes)) == 67
    assert all(ZoneInfo(zone) for zone, _, _ in places._STATES.values())
    cities = [city for _, _, cities in places._STATES.values() for city in cities.split(", ")]
    assert len(cities) == len(places._BY_CITY)
