"""What the page of an event shows beside the event: each topic adds its tabs."""

from django.http import HttpRequest

from config.admin.tabs import Tab, has_object

_all: list[tuple[int, str, type[Tab]]] = []


def register(tab: type[Tab], permission: str, order: int) -> None:
    """Show this tab on the page of an event, to who has the permission."""
    _all.append((order, permission, tab))
    _all.sort(key=lambda entry: entry[0])


def shown(request: HttpRequest) -> list[type[Tab]]:
    if not has_object(request):
        return []
    return [tab for _order, permission, tab in _all if request.user.has_perm(permission)]
