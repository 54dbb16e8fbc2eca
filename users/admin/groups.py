"""Groups of permissions, which staff get by being in them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from users import roles

admin.site.unregister(Group)

# Django keeps the names of permissions in English rows of the database.
VERBS = {
    "add": _("may add"),
    "change": _("may change"),
    "delete": _("may delete"),
    "view": _("may look"),
}


def label(permission: Permission) -> str:
    """Say what a permission allows in the reader's language."""
    model = permission.content_type.model_class()
    verb = VERBS.get(permission.codename.split("_")[0])
    if model is None or verb is None:
        return permission.name
    return f"{capfirst(model._meta.verbose_name_plural)}: {verb}"


def _is_role(group: Any) -> bool:
    return isinstance(group, Group) and group.name in roles.ROLES


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Only the permissions of what the admin shows are offered; the four roles are only shown."""

    list_display = ["name", "role"]
    filter_horizontal = ()

    @display(description=_("role"))
    def role(self, group: Group) -> str:
        return str(roles.NAMES.get(group.name, "–"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A role is what its table says at each start: here it would only seem changed."""
        return not _is_role(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_role(obj) and super().has_delete_permission(request, obj)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField, request: HttpRequest | None = None, **kwargs: Any
    ) -> forms.ModelMultipleChoiceField | None:
        shown = {
            (model._meta.app_label, model._meta.model_name) for model in self.admin_site._registry
        }
        permissions = Permission.objects.select_related("content_type")
        kwargs["queryset"] = permissions.filter(
            pk__in=[
                permission.pk
                for permission in permissions
                if permission.content_type.natural_key() in shown
            ]
        ).order_by("content_type__app_label", "content_type__model", "codename")
        kwargs["widget"] = UnfoldAdminCheckboxSelectMultipleWidget
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        if field:
            field.label_from_instance = label  # type: ignore[method-assign, assignment]
        return field
