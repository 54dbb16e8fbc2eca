"""People: their own profile and sessions, and what others may see."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.exceptions import Throttled
from rest_framework.generics import (
    DestroyAPIView,
    GenericAPIView,
    ListAPIView,
    RetrieveAPIView,
    RetrieveUpdateAPIView,
)
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from config import limits
from config.images import PictureParser
from config.schema import with_body
from users import services
from users.examples import ERASURE, NEW_AVATAR, PROFILE, PROFILE_CHANGE, PUBLIC_PROFILE, SESSION
from users.inputs import ErasureSerializer
from users.models import TokenFamily, User
from users.serializers import (
    AvatarSerializer,
    ProfileSerializer,
    PublicProfileSerializer,
    SessionSerializer,
)
from users.views.requests import acting_user, device, given


@extend_schema_view(
    get=extend_schema(description="One's own profile.", examples=[PROFILE]),
    patch=extend_schema(
        description="Change some of one's own profile.", examples=[PROFILE_CHANGE, PROFILE]
    ),
)
class ProfileView(RetrieveUpdateAPIView):
    http_method_names = ["get", "patch", "delete", "head", "options"]
    serializer_class = ProfileSerializer

    def get_object(self) -> User:
        return User.objects.get(pk=acting_user(self.request).pk)

    @with_body
    @extend_schema(request=ErasureSerializer, responses={204: None}, examples=[ERASURE])
    def delete(self, request: Request) -> Response:
        """Erase one's personal data for good; what one did stays, without a name."""
        proof = given(ErasureSerializer, request)
        services.erase_own_account(acting_user(request), **proof, device=device(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class AvatarView(GenericAPIView):
    parser_classes = [PictureParser]
    serializer_class = ProfileSerializer

    def get_object(self) -> User:
        return User.objects.get(pk=acting_user(self.request).pk)

    @extend_schema(
        request=AvatarSerializer, responses=ProfileSerializer, examples=[NEW_AVATAR, PROFILE]
    )
    def put(self, request: Request) -> Response:
        """Show a picture of oneself, in the place of the last one."""
        user = acting_user(request)
        if wait := limits.hit("pictures", str(user.pk)):
            raise Throttled(wait)
        picture = given(AvatarSerializer, request)["avatar"]
        user = services.set_avatar(user, picture)
        return Response(self.get_serializer(user).data)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Take one's picture away; its file is deleted."""
        services.remove_avatar(acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(description="A person who agreed to be seen.", examples=[PUBLIC_PROFILE])
class PublicProfileView(RetrieveAPIView):
    permission_classes = [AllowAny]
    serializer_class = PublicProfileSerializer

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.public().with_hours()


class MySessions(GenericAPIView):
    serializer_class = SessionSerializer
    queryset = TokenFamily.objects.none()

    def get_queryset(self) -> QuerySet[TokenFamily]:
        mine = TokenFamily.objects.alive().filter(user=acting_user(self.request))
        return mine.order_by("-rotated_at", "pk")


@extend_schema_view(
    get=extend_schema(
        description="Where one is signed in, the last used first.", examples=[SESSION]
    ),
    delete=extend_schema(
        description="Sign out everywhere, also here, at once.",
        operation_id="users_sessions_destroy_all",
    ),
)
class SessionListView(MySessions, ListAPIView):
    def delete(self, request: Request) -> Response:
        services.end_all_sessions(acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@extend_schema(description="Sign out another device, or this one.")
class SessionView(MySessions, DestroyAPIView):
    def perform_destroy(self, family: TokenFamily) -> None:
        services.revoke_session(family)
