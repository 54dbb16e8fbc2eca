"""People and their accounts."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from config.admin import search
from config.admin.commands import ask_about_many, ask_about_one
from config.admin.filters import DayRangeFilter
from config.admin.tabs import Tab, has_object
from users import services
from users.admin import commands
from users.admin.exports import Exported
from users.admin.sign_ins import SessionsTab
from users.models import User
from users.resources import PeopleTable

MOMENTS = ("joined_at", "registered_at", "welcomed_at", "last_login")
# Who may hand these out could make themselves a superuser.
POWERS = ("is_staff", "is_superuser", "groups")

search.register(
    User,
    search.Found(
        icon="person",
        title=lambda user: user.name,
        detail=lambda user: ", ".join(filter(None, [user.email, user.city])),
    ),
)


def _check_not_erased(user: User) -> None:
    """For a form that was checked just before an erasure, and is written just after."""
    try:
        services.check_not_erased(user)
    except services.AccountErased as error:
        raise PermissionDenied from error


class PersonForm(forms.ModelForm):
    def clean_email(self) -> str:
        return User.normalize_username(self.cleaned_data["email"])


class NewPersonForm(PersonForm, UserCreationForm):
    class Meta:
        model = User
        fields = ("email", "first_name", "last_name", "language")


@admin.register(User)
class UserAdmin(Exported, DjangoUserAdmin, ModelAdmin):
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["email", "name", "city", "joined_at", "is_active", "is_staff"]
    list_filter = ["is_active", "is_staff", "groups", ("joined_at", DayRangeFilter)]
    list_filter_submit = True
    list_per_page = 50
    search_fields = ["email", "first_name__unaccent", "last_name__unaccent", "city__unaccent"]
    ordering = ["-joined_at", "-pk"]
    filter_horizontal = ()
    autocomplete_fields = ["groups"]
    actions = ["deactivate_selected", "reactivate_selected", "export_csv", "export_xlsx"]
    table = PeopleTable
    actions_detail = ["change_password", "deactivate", "reactivate", "erase"]
    # People agree to be compared, and nobody does it for them.
    readonly_fields = [
        "in_leaderboard",
        "is_active",
        "pending_email",
        "email_confirmed_at",
        *MOMENTS,
    ]
    fieldsets = [
        (None, {"fields": ["email", ("first_name", "last_name"), "phone", "language"]}),
        (
            _("Profile"),
            {
                "fields": [
                    "bio",
                    ("birth_date", "is_public"),
                    ("refuses_photos", "in_leaderboard"),
                ]
            },
        ),
        (
            _("Place"),
            {"fields": ["city", ("latitude", "longitude"), "travel_radius_km"]},
        ),
        (_("Permissions"), {"fields": ["is_staff", "is_superuser", "groups"]}),
        (_("State"), {"fields": ["is_active", "pending_email", "email_confirmed_at", *MOMENTS]}),
    ]
    add_fieldsets = [
        (
            None,
            {"fields": ["email", "first_name", "last_name", "language", "password1", "password2"]},
        ),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fields = [*super().get_readonly_fields(request, obj)]
        return fields if request.user.is_superuser else [*fields, *POWERS]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who was erased is nobody any more: an old form would bring them back."""
        is_kept = isinstance(obj, User) and hasattr(obj, "erasure")
        if is_kept or (isinstance(obj, User) and not commands.may_touch(request, obj)):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What people did stays; their accounts are deactivated."""
        return False

    def has_erase_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("users.delete_user")

    def get_changeform_datasets(self, request: HttpRequest) -> list[type[Tab]]:
        return [SessionsTab] if has_object(request) else []

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Offer to close an open account, to open a closed one, and nothing if it was erased."""
        user = self.get_object(request, unquote(object_id))
        hidden = {"reactivate" if user and user.is_active else "deactivate"}
        if user and hasattr(user, "erasure"):
            hidden = {"change_password", "deactivate", "reactivate", "erase"}
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.path not in hidden]

    def save_model(
        self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool
    ) -> None:
        """A new address is unproven, and takes the place of one that waits."""
        if change:
            _check_not_erased(obj)
        if change and "email" in form.changed_data:
            obj.email_confirmed_at, obj.pending_email = None, ""
        super().save_model(request, obj, form, change)

    @display(description=_("name"), ordering="first_name")
    def name(self, user: User) -> str:
        return user.name

    @action(description=_("Change password"), permissions=["change"], icon="password")
    def change_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:auth_user_password_change", args=[object_id]))

    @action(description=commands.DEACTIVATE.button, permissions=["change"], icon="person_off")
    def deactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.DEACTIVATE)

    @action(description=commands.REACTIVATE.button, permissions=["change"], icon="person_check")
    def reactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.REACTIVATE)

    @action(description=commands.ERASE.button, permissions=["erase"], icon="person_cancel")
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.ERASE)

    @admin.action(description=_("Deactivate selected accounts"), permissions=["change"])
    def deactivate_selected(self, request: HttpRequest, users: QuerySet[User]) -> HttpResponse:
        return ask_about_many(self, request, users, commands.DEACTIVATE)

    @admin.action(description=_("Reactivate selected accounts"), permissions=["change"])
    def reactivate_selected(self, request: HttpRequest, users: QuerySet[User]) -> HttpResponse:
        return ask_about_many(self, request, users, commands.REACTIVATE)
