"""Every operation of the API, by everyone: who is answered, and that a refusal changes nothing."""

import pytest

from tests.api.requests import OPERATIONS, REQUESTS, call
from tests.api.schema import operations
from tests.api.world import ROLES


def test_the_table_holds_every_operation_of_the_schema_and_no_other():
    assert set(OPERATIONS) == set(operations())


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", REQUESTS)
def test_who_may(key, role, world, rows):
    request = REQUESTS[key]
    client, path, body = world.client_of(role), request.path(world, key), request.body(world)
    before = rows()

    response = call(client, key, path, body)

    assert response.status_code == getattr(request, role), response.content
    if response.status_code >= 400:
        assert rows() == before
