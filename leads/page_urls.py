"""Routes of the pages that links in mails to leads lead to; leads.confirmation names one too."""

from django.urls import path

from leads import pages

urlpatterns = [path("confirm/", pages.ConfirmEmailPage.as_view(), name="confirm-email")]
