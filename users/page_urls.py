"""Routes of the pages that links in mails lead to; the names stand in users.emails too."""

from django.urls import path

from users import export_page, pages, unsubscribe_page

urlpatterns = [
    path("confirm-email/", pages.ConfirmEmailPage.as_view(), name="confirm-email"),
    path("change-email/", pages.ChangeEmailPage.as_view(), name="change-email"),
    path("reset-password/", pages.ResetPasswordPage.as_view(), name="reset-password"),
    path("sign-in/", pages.SignInPage.as_view(), name="sign-in"),
    path("export/", export_page.ExportPage.as_view(), name="export"),
    path(
        "unsubscribe/<str:token>/",
        unsubscribe_page.UnsubscribePage.as_view(),
        name="unsubscribe",
    ),
]
