"""Routes of leads."""

from django.urls import path

from leads.views import leads, merging

urlpatterns = [
    path("", leads.LeadsView.as_view(), name="leads"),
    path("email/confirm/", leads.confirm_email, name="lead-email-confirm"),
    path("<int:lead_id>/", leads.LeadView.as_view(), name="lead"),
    path("<int:lead_id>/assign/", leads.assign),
    path("<int:lead_id>/stage/", leads.move),
    path("<int:lead_id>/stages/", leads.StageChangeListView.as_view()),
    path("<int:lead_id>/notes/", leads.NoteListView.as_view()),
    path("<int:lead_id>/convert/", leads.convert),
    path("<int:lead_id>/claims/<int:claim_id>/confirm/", leads.confirm_claim),
    path("<int:lead_id>/merges/", merging.MergeListView.as_view()),
    path("<int:lead_id>/merges/<int:merge_id>/undo/", merging.undo_merge),
    path("<int:lead_id>/export/", merging.LeadCopyView.as_view()),
]
