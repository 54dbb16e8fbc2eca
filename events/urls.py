"""Routes of events."""

from django.urls import path

from events.views import (attendance, comments, editing, files, impact, offline, participation, photos, reading, reports, resources, series, waivers)

urlpatterns = [
    path("", editing.EventsView.as_view(), name="events"),
    path("categories/", reading.CategoryListView.as_view(), name="event-categories"),
    path("nearby/", reading.NearbyView.as_view(), name="events-nearby"),
    path("my_events/", reading.MyEventsView.as_view(), name="my-events"),
    path("calendar_feed/", files.CalendarFeedView.as_view(), name="calendar-feed"),
    path("calendar/<slug:token>.ics/", files.PersonalCalendarView.as_view(), name="calendar"),
    path("impact/", impact.ImpactView.as_view()),
    path("impact/monthly/", impact.MonthlyReportListView.as_view()),
    path("impact/monthly/<slug:month>/", impact.MonthlyReportView.as_view()),
    path("impact/monthly/<slug:month>.csv/", impact.MonthlyTableView.as_view()),
    path(
        "impact/monthly/<slug:month>.pdf/",
        impact.MonthlyDocumentView.as_view(),
        name="monthly-report-pdf",
    ),
    path("series/", series.start),
    path("<int:event_id>/", editing.EventView.as_view(), name="event"),
    path("<int:event_id>/publish/", editing.publish),
    path("<int:event_id>/cancel/", editing.cancel),
    path("<int:event_id>/copy/", series.copy),
    path("<int:event_id>/series/preview/", series.preview),
    path("<int:event_id>/series/apply/", series.apply),
    path("<int:event_id>/waiver/", waivers.WaiverView.as_view()),
    path("<int:event_id>/join/", participation.join),
    path("<int:event_id>/leave/", participation.leave),
    path("<int:event_id>/check_in/", participation.check_in),
    path("<int:event_id>/check_out/", participation.check_out),
    path("<int:event_id>/checkin_list/", offline.CheckInListView.as_view()),
    path("<int:event_id>/checkin_sync/", offline.sync),
    path("<int:event_id>/participants/", attendance.ParticipantListView.as_view()),
    path("<int:event_id>/participants/<int:participant_id>/remove/", participation.remove),
    path(
        "<int:event_id>/participants/<int:participant_id>/undo_check_in/",
        participation.undo_check_in,
    ),
    path("<int:event_id>/participants/<int:participant_id>/no_show/", participation.mark_no_show),
    path("<int:event_id>/resources/", resources.ResourceListView.as_view()),
    path("<int:event_id>/comments/", comments.CommentListView.as_view()),
    path("<int:event_id>/photos/", photos.PhotosView.as_view()),
    path("<int:event_id>/photos/<int:photo_id>/", photos.PhotoView.as_view()),
    path("<int:event_id>/photos/<int:photo_id>/flag/", photos.flag),
    path("<int:event_id>/stats/", attendance.StatsView.as_view()),
    path("<int:event_id>/report/", reports.ReportView.as_view()),
    path("<int:event_id>/report/submit/", reports.submit),
    path("<int:event_id>/report/contributions/", reports.ContributionListView.as_view()),
    path(
        "<int:event_id>/report/contributions/<int:contribution_id>/approve/",
        reports.approve_contribution,
    ),
    path(
        "<int:event_id>/report/contributions/<int:contribution_id>/adjust/",
        reports.adjust_contribution,
    ),
    path(
        "<int:event_id>/report/contributions/<int:contribution_id>/reject/",
        reports.reject_contribution,
    ),
    path("<int:event_id>/ticket/", files.TicketView.as_view()),
    path("<int:event_id>/certificate/", files.CertificateView.as_view()),
    path("<int:event_id>/venue_code/", files.VenueCodeView.as_view()),
    path("<int:event_id>/calendar.ics/", files.EventCalendarView.as_view()),
]
