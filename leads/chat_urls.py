"""The web chat, at the root of the site and in the API."""

from django.urls import URLPattern, re_path

from leads.views import chat

_ID = "(?P<conversation>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
urlpatterns: list[URLPattern] = [
    re_path(r"^chat/?$", chat.say, name="chat"),
    re_path(rf"^chat/{_ID}/events/?$", chat.events, name="chat-events"),
    re_path(rf"^chat/{_ID}/feedback/?$", chat.feedback, name="chat-feedback"),
]
