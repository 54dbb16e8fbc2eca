"""Who may ask about leads: staff, by their role."""

from django.shortcuts import get_object_or_404
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from leads.models import Lead


class StaffPermission(BasePermission):
    """Staff whose role lets them look, change, or erase."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user.is_staff and user.has_perm(f"leads.{self.needed(request)}_lead"))

    def needed(self, request: Request) -> str:
        if request.method == "DELETE":
            return "delete"
        return "view" if request.method in SAFE_METHODS else "change"


class MayExport(StaffPermission):
    """People's data leaves the site only by who may take tables away."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return super().has_permission(request, view) and request.user.has_perm("users.add_export")


def current_lead(lead_id: int) -> Lead:
    """A lead that something may be done with: not one that is part of another by now."""
    return get_object_or_404(Lead.objects.current(), pk=lead_id)
