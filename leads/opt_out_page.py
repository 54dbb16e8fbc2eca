"""Where a lead stops what comes unasked, and undoes it: by a button, or a mail program's POST."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config import addresses
from leads.services import opting_out
from users.pages import AddressedPage


class OptOutPage(AddressedPage):
    """Offers what the lead has not: to stop, or to get our news again.

    A mail program says no more than that it came (RFC 8058), and that always stops them.
    """

    template_name = "leads/opt_out_page.html"
    title = _("Messages from us")
    question = _("You will get no more messages that you did not ask for.")
    button = _("Stop them")
    done = _("Done: we write to you no more. If you write to us, we still answer.")
    wish = "out"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if request.method == "POST":
            if request.POST.get("wish") == "in":
                self._offer_return()
            return
        try:
            lead = opting_out.lead_of(self.kwargs["token"])
        except ValidationError:
            return  # the button will say so
        if lead.opted_out_at is not None:
            self._offer_return()

    def _offer_return(self) -> None:
        self.question = _("We write to you no more. Would you like to get our news again?")
        self.button = _("Yes, write to me again")
        self.done = _("Good to have you back: you get our news again.")
        self.wish = "in"

    def use(self, **given: str) -> None:
        opting_out.by_link(
            given["token"],
            is_given=self.wish == "in",
            text=str(self.question),
            address=addresses.of(self.request),
        )
