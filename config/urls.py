"""Table of contents of the site."""

from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularSwaggerView

from config.admin.breakers import breakers
from config.docs import SchemaView
from config.media import media
from events.views.attendance import HistoryView

api: list[URLPattern | URLResolver] = [
    # From events: accounts know nothing of them.
    path("users/profile/participations/", HistoryView.as_view(), name="my-history"),
    path("", include("users.urls")),
    path("events/", include("events.urls")),
    path("", include("events.part_urls")),
    path("leads/", include("leads.urls")),
    path("", include("leads.webhook_urls")),
    path("", include("leads.chat_urls")),
]

urlpatterns = [
    path("", include("config.health.urls")),
    path("", include(("leads.webhook_urls", "webhook"))),
    path("", include(("leads.chat_urls", "root"))),
    path("api/v1/", include(api)),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    # Clients of the older documents use the prefix without a version.
    path("api/", include((api, "unversioned"))),
    path("", RedirectView.as_view(pattern_name="docs")),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="schema")),
    path("i18n/", include("django.conf.urls.i18n")),  # the language switch of the admin
    path("account/certificates/", include(("events.page_urls", "certificates"))),
    path("account/leads/", include(("leads.page_urls", "lead-pages"))),
    path("account/", include(("users.page_urls", "account"))),
    path("admin/breakers/", admin.site.admin_view(breakers), name="breakers"),
    path("admin/", admin.site.urls),
]
if not settings.S3_ENDPOINT_URL:
    urlpatterns.append(path("media/<path:name>", media, name="media"))

handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.permission_denied"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.server_error"
