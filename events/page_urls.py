"""Routes of the pages about events."""

from django.urls import path

from events import pages

urlpatterns = [
    path("<slug:code>/", pages.CertificatePage.as_view(), name="certificate"),
]
