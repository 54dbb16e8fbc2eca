"""Tabs on the page of an object, with the rows that belong to it."""

from django.contrib.admin.utils import unquote
from django.http import HttpRequest
from unfold.datasets import BaseDataset

from config.admin.lists import ReadOnlyAdmin


class Tab(BaseDataset):
    tab = True


class RowsOfObject(ReadOnlyAdmin):
    """What a tab shows: `get_queryset` chooses the rows by `object_id`."""

    list_per_page = 20
    sortable_by = ()

    @property
    def object_id(self) -> int:
        return int(unquote(self.extra_context["object"]))


def has_object(request: HttpRequest) -> bool:
    """Whether the page is about an object: not about a new one, and not about nonsense."""
    match = request.resolver_match
    return match is not None and match.kwargs.get("object_id", "").isdecimal()
