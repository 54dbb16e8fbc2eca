"""Where mails of a kind are switched off: by a button for people, by a POST for mail programs."""

from typing import Any

from django.core.signing import BadSignature
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt

from users import services, unsubscribing
from users.pages import LinkPage


# The token in the address is the proof; a mail program has no cookie to show beside it.
@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribePage(LinkPage):
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

    def get_initial(self) -> dict[str, Any]:
        return {"token": self.kwargs["token"]}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Take the token from the address, whatever the body says (RFC 8058)."""
        arguments = super().get_form_kwargs()
        if "data" in arguments:
            arguments["data"] = self.get_initial()
        return arguments

    def use(self, **given: str) -> None:
        services.unsubscribe(given["token"])
