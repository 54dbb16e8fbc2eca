"""Health routes at the root of the site, with and without a trailing slash."""

from django.urls import URLPattern, re_path

from config.health import views

urlpatterns: list[URLPattern] = [
    re_path(r"^(?:api/)?health/?$", views.health),
    re_path(r"^healthz/?$", views.healthz),
    re_path(r"^(?:api/)?readiness/?$", views.readiness),
    re_path(r"^(?:api/)?liveness/?$", views.liveness),
]
