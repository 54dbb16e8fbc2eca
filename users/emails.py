"""The mails about accounts, in the language of their reader."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from users import mail_tokens, unsubscribing
from users.mail_tokens import Purpose
from users.models import BadgeAward, NotificationPreference, User

PAGES = {
    Purpose.CONFIRM_EMAIL: "confirm-email",
    Purpose.CHANGE_EMAIL: "change-email",
    Purpose.RESET_PASSWORD: "reset-password",
    Purpose.SIGN_IN: "sign-in",
}


def welcome(user: User) -> None:
    """Greet, and ask to confirm the address."""
    with translation.override(user.language):
        link = _link(Purpose.CONFIRM_EMAIL, user)
        _send(_("Welcome to Mutirão"), "welcome", user, button=_("Confirm my e-mail"), link=link)


def email_confirmation(user: User) -> None:
    with translation.override(user.language):
        link, button = _link(Purpose.CONFIRM_EMAIL, user), _("Confirm my e-mail")
        _send(_("Confirm your e-mail"), "email_confirmation", user, button=button, link=link)


def sign_in_link(user: User) -> None:
    with translation.override(user.language):
        link = _link(Purpose.SIGN_IN, user)
        _send(_("Your link to sign in"), "sign_in_link", user, button=_("Sign in"), link=link)


def password_reset(user: User) -> None:
    with translation.override(user.language):
        link = _link(Purpose.RESET_PASSWORD, user)
        button = _("Choose a new password")
        _send(_("Choose a new password"), "password_reset", user, button=button, link=link)


def password_changed(user: User) -> None:
    with translation.override(user.language):
        _send(_("Your password was changed"), "password_changed", user)


def email_change(user: User) -> None:
    """Ask the new address to confirm that it is theirs."""
    with translation.override(user.language):
        _send(
            _("Confirm your new e-mail"),
            "email_change",
            user,
            to=user.pending_email,
            button=_("Confirm my new e-mail"),
            link=_link(Purpose.CHANGE_EMAIL, user),
        )


def email_change_notice(user: User, *, to: str = "", new_email: str = "") -> None:
    """Tell the old address while the change can still be stopped."""
    with translation.override(user.language):
        subject = _("Your e-mail is about to change")
        new_email = new_email or user.pending_email
        _send(subject, "email_change_notice", user, to=to, new_email=new_email)


def new_badges(user: User, awards: Sequence[BadgeAward]) -> None:
    """Tell what was earned, and where to show it."""
    with translation.override(user.language):
        count = len(awards)
        subject = ngettext("You earned a badge", "You earned %(count)d badges", count)
        _send(
            subject % {"count": count},
            "new_badges",
            user,
            optional=NotificationPreference.Kind.BADGES,
            awards=awards,
            links=[award.page_url for award in awards],
            news=ngettext("You earned a new badge:", "You earned new badges:", count),
        )


def export_ready(user: User, token: str) -> None:
    """Tell where the copy of one's data is."""
    with translation.override(user.language):
        # On a page of ours, whatever else is a front end's.
        link = f"{settings.SITE_URL}{reverse('account:export')}?{urlencode({'token': token})}"
        _send(_("Your data is ready"), "export_ready", user, button=_("Get the file"), link=link)


def export_failed(user: User) -> None:
    """Tell that there is no copy, and what to do about it."""
    with translation.override(user.language):
        _send(_("Your data could not be copied"), "export_failed", user)


def farewell(language: str, *, to: str) -> None:
    """Tell an address that nothing is known of it any more."""
    with translation.override(language):
        _send(_("Your account was erased"), "farewell", User(), to=to)


def _link(purpose: Purpose, user: User) -> str:
    query = urlencode({"token": mail_tokens.make(purpose, user)})
    return f"{settings.FRONTEND_URL}/{PAGES[purpose]}/?{query}"


def _send(
    subject: str,
    template: str,
    user: User,
    *,
    to: str = "",
    optional: NotificationPreference.Kind | None = None,
    **facts: Any,
) -> None:
    """Write the text once; the HTML shows the same paragraphs, and the link as a button."""
    facts |= _written(subject, template, user, facts)
    body = "\n\n".join(facts["paragraphs"])
    headers = {}
    if optional:
        facts["unsubscribe"] = address = unsubscribing.link(user, optional)
        body, headers = body + unsubscribing.footer(address), unsubscribing.headers(address)
    message = EmailMultiAlternatives(subject, body, to=[to or user.email], headers=headers)
    message.attach_alternative(render_to_string("users/mail/base.html", facts), "text/html")
    message.send()


def _written(subject: str, template: str, user: User, facts: dict[str, Any]) -> dict[str, Any]:
    # On one line: a line break in a name would look like text of ours.
    name = " ".join(user.first_name.split())
    text = render_to_string(f"users/mail/{template}.txt", {**facts, "name": name})
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    return {"subject": subject, "name": name, "paragraphs": paragraphs}
