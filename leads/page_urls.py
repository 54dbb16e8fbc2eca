"""Routes of the pages that links in mails to leads lead to."""

from django.urls import path

from leads import opt_out_page

urlpatterns = [
    path("opt-out/<str:token>/", opt_out_page.OptOutPage.as_view(), name="opt-out"),
]
