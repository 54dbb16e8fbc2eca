"""What one wants to hear of."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from users import services
from users.examples import WISHES, WISHES_CHANGE
from users.inputs import WishesSerializer
from users.views.requests import acting_user, given


class NotificationsView(APIView):
    @extend_schema(responses=WishesSerializer, examples=[WISHES])
    def get(self, request: Request) -> Response:
        """Which messages one gets, by kind and channel."""
        return Response(services.wishes_of(acting_user(request)))

    @extend_schema(
        request=WishesSerializer, responses=WishesSerializer, examples=[WISHES_CHANGE, WISHES]
    )
    def patch(self, request: Request) -> Response:
        """Switch messages on or off; `security` and `cancellations` always come."""
        services.change_wishes(acting_user(request), given(WishesSerializer, request))
        return Response(services.wishes_of(acting_user(request)))
