"""Two leads that are one person; and a copy of all that is held about one."""

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import command, idempotent
from leads import examples, exports
from leads.access import MayExport, StaffPermission, current_lead
from leads.models import Lead, LeadMerge
from leads.serializers import LeadCopySerializer, MergeSerializer, OtherLeadSerializer
from leads.services import merging
from users.views.requests import acting_user, given


class MergeListView(generics.ListAPIView[LeadMerge]):
    permission_classes = (StaffPermission,)
    serializer_class = MergeSerializer
    filter_backends = ()
    queryset = LeadMerge.objects.none()

    def get_queryset(self) -> QuerySet[LeadMerge]:
        lead = get_object_or_404(Lead, pk=self.kwargs["lead_id"])
        return LeadMerge.objects.filter(Q(kept=lead) | Q(gone=lead)).order_by("-pk")

    @extend_schema(examples=[examples.MERGE])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """What a lead was merged with, also what was undone."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=OtherLeadSerializer,
        responses={201: MergeSerializer},
        examples=[examples.OTHER_LEAD, examples.MERGE_MADE],
    )
    @idempotent
    def post(self, request: Request, lead_id: int) -> Response:
        """Give all that another lead has to this one; it can be undone."""
        lead, asked = current_lead(lead_id), given(OtherLeadSerializer, request)
        merge = merging.merge(lead, asked["other"], by=acting_user(request), reason=asked["reason"])
        return Response(MergeSerializer(merge).data, status.HTTP_201_CREATED)


@command(
    permission_classes=[StaffPermission],
    request=None,
    responses=MergeSerializer,
    examples=[examples.MERGE_UNDONE],
)
def undo_merge(request: Request, lead_id: int, merge_id: int) -> Response:
    """Part two leads again; what came since the merge stays with this one."""
    merge = get_object_or_404(LeadMerge.objects.filter(kept=lead_id), pk=merge_id)
    return Response(MergeSerializer(merging.unmerge(merge, by=acting_user(request))).data)


class LeadCopyView(APIView):
    permission_classes = (MayExport,)

    @extend_schema(responses=LeadCopySerializer, examples=[examples.LEAD_COPY])
    def get(self, request: Request, lead_id: int) -> Response:
        """A copy of all that is held about a lead, to be given to the person."""
        lead = get_object_or_404(Lead, pk=lead_id)
        copy = {"exported_at": timezone.now(), "parts": exports.everything(lead)}
        return Response(LeadCopySerializer(copy).data)
