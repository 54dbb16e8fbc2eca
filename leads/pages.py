"""Where the link in a mail to a lead leads."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from leads.services import confirming
from users.pages import LinkPage


class ConfirmEmailPage(LinkPage):
    title = _("Is this e-mail yours?")
    question = _(
        "If you wrote to us and gave this e-mail, confirm it here. What you agreed to then counts."
    )
    button = _("Yes, it is mine")
    done = _("Thank you, your e-mail is confirmed.")

    def use(self, **given: str) -> None:
        try:
            confirming.confirm_email(**given)
        except DomainError as error:
            raise ValidationError({"token": str(error)}) from error
