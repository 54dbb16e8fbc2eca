"""Where the gateway calls: at the root, and below the API's prefixes."""

from django.urls import re_path

from leads.views.webhook import EvolutionWebhookView

urlpatterns = [
    re_path(
        r"^webhook/evolution(?:/(?P<key>[A-Za-z0-9_-]{16,64}))?/?$",
        EvolutionWebhookView.as_view(),
        name="evolution-webhook",
    ),
]
