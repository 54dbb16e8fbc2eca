"""Leads: who writes tells us of themselves, and staff look after them."""

from contextlib import suppress
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config import addresses, limits
from config.api import CursorPagination, command, idempotent
from leads import examples
from leads.access import StaffPermission, current_lead
from leads.filters import LeadFilter
from leads.models import (
    Lead,
    LeadClaim,
    LeadConsent,
    LeadIdentity,
    LeadNote,
    LeadStageChange,
    LeadSubmission,
)
from leads.models.people import UTM
from leads.serializers import (
    AccountSerializer,
    AssignmentSerializer,
    IdentitySerializer,
    LeadEditSerializer,
    LeadPageSerializer,
    LeadSerializer,
    NewLeadSerializer,
    NoteSerializer,
    StageChangeSerializer,
    StageSerializer,
)
from leads.services import (
    capture,
    confirming,
    converting,
    editing,
    erasing,
    identities,
    stages,
)
from users.authentication import signed_in
from users.inputs import SentSerializer, TokenSerializer
from users.models import User
from users.views.accounts import PUBLIC
from users.views.requests import acting_user, device, given, sent

STAFF: dict[str, Any] = {"permission_classes": [StaffPermission]}


class LeadsView(generics.ListAPIView[Lead]):
    """Anyone writes, staff read."""

    is_for_staff = True
    serializer_class = LeadSerializer
    filterset_class = LeadFilter
    queryset = Lead.objects.current()

    def get_permissions(self) -> list[Any]:
        return [AllowAny()] if self._is_form() else [StaffPermission()]

    def get_authenticators(self) -> list[Any]:
        """Who sends the form may be anybody, also with a token that has expired."""
        if self._is_form():
            return [authenticate() for authenticate in PUBLIC["authentication_classes"]]
        return super().get_authenticators()

    def get_throttles(self) -> list[Any]:
        return [limits.by_address("lead")()] if self._is_form() else super().get_throttles()

    def _is_form(self) -> bool:
        return self.request is not None and self.request.method == "POST"

    @extend_schema(examples=[examples.LEAD])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Leads, the newest first; e-mail and phone are found whole, never by a part."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewLeadSerializer,
        responses={202: SentSerializer},
        auth=PUBLIC["auth"],
        examples=[examples.FORM, examples.THANKS],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Write to us; the answer is the same whoever it is, and whatever we know of them."""
        form = given(NewLeadSerializer, request)
        if not form.get("website"):
            lead = _capture(form, request)
            if user := _writer(request, form.get("email", "")):
                confirming.confirm_form(lead, user, has_agreed=form["accepts_messages"])
        return sent(_("Thank you! We have your message and will write to you."))


def _writer(request: Request, email: str) -> User | None:
    """Whoever is signed in and gave the address that they confirmed; a stale token is nobody's."""
    with suppress(AuthenticationFailed):
        user = signed_in(request)
        if user and user.email == User.normalize_username(email):
            return user if user.email_confirmed_at else None
    return None


def _capture(form: dict[str, Any], request: Request) -> Lead:
    typed = ("name", "email", "phone", "message", "city", "language")
    client = device(request)
    return capture.capture(
        {name: form.get(name, "") for name in typed},
        source=form["source"],
        utm={name: form[name] for name in UTM if form.get(name)},
        consent={
            "text": form["consent_text"],
            "version": form["consent_version"],
            "unasked": form["accepts_messages"],
        },
        proof={"address": addresses.of(request), "user_agent": client.user_agent},
    )


@command(
    **PUBLIC,
    request=TokenSerializer,
    responses={204: None},
    examples=[examples.TOKEN],
)
def confirm_email(request: Request) -> Response:
    """Prove that an e-mail is one's own, with the token of the mail to it."""
    confirming.confirm_email(given(TokenSerializer, request)["token"])
    return Response(status=status.HTTP_204_NO_CONTENT)


def shown(lead_id: int) -> Response:
    leads = Lead.objects.prefetch_related(
        Prefetch("identities", LeadIdentity.objects.order_by("pk")),
        Prefetch("claims", LeadClaim.objects.order_by("pk")),
        Prefetch("consents", LeadConsent.objects.order_by("pk")),
        Prefetch("submissions", LeadSubmission.objects.order_by("pk")),
    )
    return Response(LeadPageSerializer(get_object_or_404(leads, pk=lead_id)).data)


class LeadView(generics.GenericAPIView[Lead]):
    permission_classes = (StaffPermission,)
    serializer_class = LeadPageSerializer

    @extend_schema(examples=[examples.LEAD_PAGE])
    def get(self, request: Request, lead_id: int) -> Response:
        """All that is known of a lead."""
        return shown(lead_id)

    @extend_schema(
        request=LeadEditSerializer,
        responses=LeadPageSerializer,
        examples=[examples.EDIT, examples.LEAD_PAGE],
    )
    def patch(self, request: Request, lead_id: int) -> Response:
        """Change what is named; another city is another state and time zone."""
        lead = current_lead(lead_id)
        editing.edit(lead, given(LeadEditSerializer, request))
        return shown(lead_id)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, lead_id: int) -> Response:
        """Erase a lead, with all that was said."""
        erasing.erase(current_lead(lead_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


@command(
    **STAFF,
    request=AssignmentSerializer,
    responses=LeadPageSerializer,
    examples=[examples.ASSIGNMENT, examples.LEAD_PAGE],
)
def assign(request: Request, lead_id: int) -> Response:
    """Say who of the staff looks after a lead; null is nobody."""
    lead = current_lead(lead_id)
    editing.assign(lead, given(AssignmentSerializer, request)["assigned_to"])
    return shown(lead_id)


@command(
    **STAFF,
    request=StageSerializer,
    responses=LeadPageSerializer,
    examples=[examples.STAGE, examples.LEAD_PAGE],
)
def move(request: Request, lead_id: int) -> Response:
    """Put a lead into another stage; who is lost needs a reason, volunteers are converted."""
    lead = current_lead(lead_id)
    stages.move(lead, **given(StageSerializer, request), by=acting_user(request))
    return shown(lead_id)


@command(**STAFF, request=None, responses=AccountSerializer, examples=[examples.ACCOUNT])
def convert(request: Request, lead_id: int) -> Response:
    """Give a lead an account, and mail the link that opens it; the history stays."""
    user = converting.convert(current_lead(lead_id), by=acting_user(request))
    return Response(AccountSerializer({"user": user.pk}).data)


@command(**STAFF, request=None, responses=IdentitySerializer, examples=[examples.IDENTITY])
def confirm_claim(request: Request, lead_id: int, claim_id: int) -> Response:
    """Take for proven what was only typed, as staff who asked the person."""
    lead = current_lead(lead_id)
    claim = get_object_or_404(LeadClaim.objects.filter(lead=lead), pk=claim_id)
    return Response(IdentitySerializer(identities.confirm_claim(claim)).data)


class _Feed(generics.ListAPIView):
    """What belongs to a lead, the latest first."""

    permission_classes = (StaffPermission,)
    pagination_class = CursorPagination
    feed_order = "-id"
    filter_backends = ()

    def get_queryset(self) -> QuerySet[Any]:
        lead = get_object_or_404(Lead, pk=self.kwargs["lead_id"])
        return super().get_queryset().filter(lead=lead)


class StageChangeListView(_Feed):
    serializer_class = StageChangeSerializer
    queryset = LeadStageChange.objects.all()

    @extend_schema(examples=[examples.STAGE_CHANGE])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """Through which stages a lead came, and who put it there."""
        return super().get(request, *args, **kwargs)


class NoteListView(_Feed):
    serializer_class = NoteSerializer
    queryset = LeadNote.objects.all()

    @extend_schema(examples=[examples.NOTE])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """What staff noted down about a lead."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NoteSerializer,
        responses={201: NoteSerializer},
        examples=[examples.NEW_NOTE, examples.NOTE_MADE],
    )
    @idempotent
    def post(self, request: Request, lead_id: int) -> Response:
        """Note something down; the lead never sees it."""
        lead = current_lead(lead_id)
        note = editing.add_note(
            lead, given(NoteSerializer, request)["text"], by=acting_user(request)
        )
        return Response(NoteSerializer(note).data, status.HTTP_201_CREATED)
