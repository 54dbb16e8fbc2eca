"""More or fewer replicas, while the others go on."""

from fleet import capacity, compose, rolling, state
from fleet.refusal import Refused


def scale(service: str, wanted: str) -> None:
    """Run so many replicas from now on; nginx and the queues find them by themselves."""
    number = whole_number(wanted)
    variable = compose.REPLICAS[service]
    capacity.check(capacity.scaled(service, number))
    state.write({variable: str(number)})
    rolling.stop(service, compose.containers(service)[number:])
    rolling.grow(service, number)
    print(f"{service}: {len(compose.containers(service))} replicas.")


def whole_number(wanted: str) -> int:
    if not wanted.isdecimal() or not 1 <= int(wanted) <= 100:
        raise Refused(f"N must be a whole number from 1 to 100, as in N=5; it is {wanted!r}.")
    return int(wanted)
