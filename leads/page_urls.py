"""Routes of the pages that links in mails to leads lead to."""

from django.urls import path

from leads import opt_out_page, pages

urlpatterns = [
    path("confirm/", pages.ConfirmEmailPage.as_view(), name="confirm-email"),
    path("opt-out/<str:token>/", opt_out_page.OptOutPage.as_view(), name="opt-out"),
]
