"""Photos of an event."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import PermissionDenied, Throttled
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from config import limits
from config.api import command, idempotent
from config.images import PictureParser
from events import rules, services
from events.filters import PhotoFilter
from events.models import EventPhoto
from events.photo_examples import CAPTION, FLAG, NEW_PHOTO, PHOTO
from events.photo_querysets import PhotoQuerySet
from events.photo_serializers import NewPhotoSerializer, PhotoFlagSerializer, PhotoSerializer
from events.views.access import acting_user, managed_event, visible_event


class PhotosOfEvent(generics.GenericAPIView[EventPhoto]):
    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = PhotoSerializer
    lookup_url_kwarg = "photo_id"
    queryset = EventPhoto.objects.none()

    def get_queryset(self) -> PhotoQuerySet:
        event = visible_event(self.request, self.kwargs["event_id"])
        return event.photos.visible_to(self.request.user).order_by("-created_at", "-pk")


class PhotosView(PhotosOfEvent, generics.ListAPIView[EventPhoto]):
    parser_classes = (PictureParser,)
    filterset_class = PhotoFilter

    @extend_schema(examples=[PHOTO])
    def get(self, request: Request, event_id: int) -> Response:
        """The photos of an event, the newest first."""
        return self.list(request)

    @extend_schema(
        request=NewPhotoSerializer, responses={201: PhotoSerializer}, examples=[NEW_PHOTO, PHOTO]
    )
    @idempotent
    def post(self, request: Request, event_id: int) -> Response:
        """Add a photo; for who came and who runs the event."""
        event, user = managed_event(request, event_id, may=rules.may_add_photos), request.user
        if wait := limits.hit("pictures", str(user.pk)):
            raise Throttled(wait)
        given = NewPhotoSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        fields = {**given.validated_data}
        del fields["people_agreed"]  # that the row is there says so
        photo = services.add_photo(
            event, acting_user(request), picture=fields.pop("photo"), **fields
        )
        place = {"Location": request.build_absolute_uri(f"{request.path}{photo.pk}/")}
        return Response(self.get_serializer(photo).data, status.HTTP_201_CREATED, headers=place)


class PhotoView(PhotosOfEvent, generics.RetrieveAPIView[EventPhoto]):
    @extend_schema(examples=[PHOTO])
    def get(self, request: Request, event_id: int, photo_id: int) -> Response:
        """One photo, with addresses of its files that are good for an hour."""
        return self.retrieve(request)

    @extend_schema(request=PhotoSerializer, responses=PhotoSerializer, examples=[CAPTION, PHOTO])
    def patch(self, request: Request, event_id: int, photo_id: int) -> Response:
        """Change the caption; for its uploader and who runs the event."""
        given = PhotoSerializer(self._own(), data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        EventPhoto.objects.filter(pk=photo_id).update(**given.validated_data)
        return self.retrieve(request)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, event_id: int, photo_id: int) -> Response:
        """Delete a photo for good; for its uploader and who runs the event."""
        services.delete_photo(self._own())
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _own(self) -> EventPhoto:
        photo = self.get_object()
        if not rules.may_change_photo(acting_user(self.request), photo):
            raise PermissionDenied
        return photo


@command(request=PhotoFlagSerializer, responses={204: None}, examples=[FLAG])
def flag(request: Request, event_id: int, photo_id: int) -> Response:
    """Object to a photo, which hides it until staff decide; the gravest word of a person counts."""
    event, user = visible_event(request, event_id), acting_user(request)
    photo = get_object_or_404(event.photos.may_be_flagged_by(user), pk=photo_id)
    given = PhotoFlagSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    if wait := limits.hit("photo_flags", str(user.pk)):
        raise Throttled(wait)
    services.flag_photo(photo, user, **given.validated_data)
    return Response(status=status.HTTP_204_NO_CONTENT)
