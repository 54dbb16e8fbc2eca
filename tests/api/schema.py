"""What the API says of itself; all tests here are driven by it.

But for the operations of the stream service, which no web server answers: tests/leads has theirs.
"""

from functools import cache

from drf_spectacular.generators import SchemaGenerator

PREFIX = "/api/v1"
STREAMS = f"{PREFIX}/chat/"


@cache
def schema():
    return SchemaGenerator().get_schema(public=True)


def operations(described=None):
    """All operations by "METHOD /path", the path without its prefix."""
    return {
        f"{method.upper()} {path.removeprefix(PREFIX)}": operation
        for path, operations in (described or schema())["paths"].items()
        if not path.startswith(STREAMS)
        for method, operation in operations.items()
    }


def parameters(operation, place):
    return [one for one in operation.get("parameters", []) if one["in"] == place]


def fields(operation):
    """The fields of the body by name, empty if there is none."""
    try:
        reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    except KeyError:
        return {}
    return schema()["components"]["schemas"][reference.rpartition("/")[2]]["properties"]
