"""Routes of what belongs to an event and has an id of its own."""

from django.urls import path

from events.views import comments, resources

urlpatterns = [
    path("resources/<int:resource_id>/", resources.ResourceView.as_view()),
    path("resources/<int:resource_id>/pledge/", resources.PledgeView.as_view()),
    path("comments/<int:comment_id>/", comments.CommentView.as_view()),
    path("comments/<int:comment_id>/flag/", comments.flag),
]
