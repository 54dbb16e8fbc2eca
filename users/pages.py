"""Small pages without script, so that links in mails work where there is no front end.

Opening a link changes nothing: programs that scan mails open it too. The button does.
"""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import FormView, TemplateView

from users import services
from users.fields import LONGEST_PASSWORD
from users.inputs import LONGEST_TOKEN
from users.views.requests import device


class LinkForm(forms.Form):
    token = forms.CharField(max_length=LONGEST_TOKEN, widget=forms.HiddenInput)


class NewPasswordForm(LinkForm):
    new_password = forms.CharField(
        label=_("New password"),
        max_length=LONGEST_PASSWORD,
        strip=False,
        help_text=_("At least 8 characters, and not a common password."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


@method_decorator(never_cache, name="dispatch")
class LinkPage(FormView):
    """Asks before it uses the token of a link, and says how it went."""

    template_name = "users/page.html"
    form_class = LinkForm
    title: Promise
    question: Promise
    button: Promise
    done: Promise

    def get_initial(self) -> dict[str, Any]:
        return {"token": self.request.GET.get("token", "")}

    def form_valid(self, form: LinkForm) -> HttpResponse:
        try:
            self.use(**form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        return self.render_to_response(self.get_context_data(is_done=True))

    def form_invalid(self, form: LinkForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=400)

    def use(self, **given: str) -> None:
        raise NotImplementedError


# The token in the address is the proof; a mail program has no cookie to show beside it.
@method_decorator(csrf_exempt, name="dispatch")
class AddressedPage(LinkPage):
    """A page whose address holds the token, for a person's button and a mail program's POST."""

    def get_initial(self) -> dict[str, Any]:
        return {"token": self.kwargs["token"]}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Take the token from the address, whatever the body says (RFC 8058)."""
        arguments = super().get_form_kwargs()
        if "data" in arguments:
            arguments["data"] = self.get_initial()
        return arguments


class ConfirmEmailPage(LinkPage):
    title = _("Confirm your e-mail")
    question = _("Is this e-mail yours? Then confirm it here.")
    button = _("Confirm my e-mail")
    done = _("Thank you, your e-mail is confirmed.")

    def use(self, **given: str) -> None:
        services.confirm_email(**given)


class ChangeEmailPage(LinkPage):
    title = _("Confirm your new e-mail")
    question = _("From now on you will sign in with this e-mail.")
    button = _("Confirm my new e-mail")
    done = _("Thank you, your e-mail was changed.")

    def use(self, **given: str) -> None:
        services.confirm_email_change(**given)


class ResetPasswordPage(LinkPage):
    form_class = NewPasswordForm
    title = _("Choose a new password")
    question = _("All devices will be signed out.")
    button = _("Save")
    done = _("Your new password is saved. You can sign in with it now.")

    def use(self, **given: str) -> None:
        services.reset_password(**given, device=device(self.request))


@method_decorator(never_cache, name="dispatch")
class SignInPage(TemplateView):
    """Shows the code of a link, for the application to be signed in to."""

    template_name = "users/sign_in_page.html"
    title = _("Your code to sign in")

    def get_context_data(self, **facts: Any) -> dict[str, Any]:
        return super().get_context_data(token=self.request.GET.get("token", ""), **facts)
