"""Routes of events."""

from django.urls import path

from events.views import (
    attendance,
    comments,
    editing,
    files,
    participation,
    reading,
    resources,
)

urlpatterns = [
    path("", editing.EventsView.as_view(), name="events"),
    path("categories/", reading.CategoryListView.as_view(), name="event-categories"),
    path("nearby/", reading.NearbyView.as_view(), name="events-nearby"),
    path("my_events/", reading.MyEventsView.as_view(), name="my-events"),
    path("calendar_feed/", files.CalendarFeedView.as_view(), name="calendar-feed"),
    path("calendar/<slug:token>.ics/", files.PersonalCalendarView.as_view(), name="calendar"),
    path("<int:event_id>/", editing.EventView.as_view(), name="event"),
    path("<int:event_id>/publish/", editing.publish),
    path("<int:event_id>/cancel/", editing.cancel),
    path("<int:event_id>/join/", participation.join),
    path("<int:event_id>/leave/", participation.leave),
    path("<int:event_id>/check_in/", participation.check_in),
    path("<int:event_id>/check_out/", participation.check_out),
    path("<int:event_id>/participants/", attendance.ParticipantListView.as_view()),
    path("<int:event_id>/participants/<int:participant_id>/remove/", participation.remove),
    path(
        "<int:event_id>/participants/<int:participant_id>/undo_check_in/",
        participation.undo_check_in,
    ),
    path("<int:event_id>/participants/<int:participant_id>/no_show/", participation.mark_no_show),
    path("<int:event_id>/resources/", resources.ResourceListView.as_view()),
    path("<int:event_id>/comments/", comments.CommentListView.as_view()),
    path("<int:event_id>/stats/", attendance.StatsView.as_view()),
    path("<int:event_id>/ticket/", files.TicketView.as_view()),
    path("<int:event_id>/venue_code/", files.VenueCodeView.as_view()),
    path("<int:event_id>/calendar.ics/", files.EventCalendarView.as_view()),
]
