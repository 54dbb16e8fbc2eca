"""Where mails of a kind are switched off: by a button for people, by a POST for mail programs."""

from typing import Any

from django.core.signing import BadSignature
from django.http import HttpRequest
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from users import services, unsubscribing
from users.pages import AddressedPage


class UnsubscribePage(AddressedPage):
    title = _("Fewer mails")
    question = _("You will get no more mails of this kind.")
    button = _("Switch off")
    done = _("It is switched off. In your profile you can switch it on again.")

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        try:
            kind = unsubscribing.read(self.kwargs["token"])[1]
        except (BadSignature, ValueError):
            return  # the button will say so
        self.question = format_lazy("{} {}: {}.", self.question, _("Kind"), kind.label)

    def use(self, **given: str) -> None:
        services.unsubscribe(given["token"])
