"""Where the mail about a copy of one's data leads."""

from django.utils.translation import gettext_lazy as _

from users import services
from users.pages import LinkPage


class ExportPage(LinkPage):
    """Shows the address of the file behind a button: programs that scan mails press none."""

    template_name = "users/export_page.html"
    title = _("Your data")
    question = _("The file holds all that we know about you. Keep it where only you can read it.")
    button = _("Get the file")
    address = ""

    def use(self, **given: str) -> None:
        self.address = services.address_of(given["token"])
