"""Examples of resources for the description of the API."""

from drf_spectacular.utils import OpenApiExample

_HOES = {"name": "Enxada", "description": "De cabo longo.", "needed": 10}
_LIFT = {
    "name": "Carro saindo do Tatuapé",
    "description": "Às 7h na frente do metrô.",
    "needed": 3,
}
NEW_RESOURCE = OpenApiExample("Ten hoes", {"kind": "item", **_HOES}, request_only=True)
NEW_RIDE = OpenApiExample("A ride", {"kind": "ride", **_LIFT}, request_only=True)
RESOURCE_CHANGE = OpenApiExample("Twelve", {**_HOES, "needed": 12}, request_only=True)
PLEDGE = OpenApiExample("Two", {"quantity": 2}, request_only=True)
_OFFERED = {"event": 7, "pledged": 3, "my_pledge": None}
_NOBODY = {"offered_by": None, "offered_by_name": None}
_TAKEN = [{"participant": 41, "name": "Ana Souza", "quantity": 2}]
RESOURCE = OpenApiExample(
    "Seven are missing",
    {"id": 5, "kind": "item", **_HOES, **_OFFERED, **_NOBODY, "my_pledge": 2, "pledges": _TAKEN},
    response_only=True,
    status_codes=["200", "201"],
)
FEWER = OpenApiExample("Changed", {**RESOURCE.value, "needed": 12}, response_only=True)
RIDE = OpenApiExample(
    "A full car",
    {
        "id": 6,
        "kind": "ride",
        **_LIFT,
        **_OFFERED,
        "offered_by": 12,
        "offered_by_name": "Bia",
        "pledges": [],
    },
    response_only=True,
    status_codes=["200", "201"],
)
