"""Routes of the pages that links in mails and on badges lead to; users.emails names some too."""

from django.urls import path

from users import badge_pages, export_page, pages, unsubscribe_page

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
    path("badges/issuer.json", badge_pages.issuer, name="badge-issuer"),
    path("badges/keys.json", badge_pages.keys, name="badge-keys"),
    path("badges/keys/<str:thumbprint>.json", badge_pages.key, name="badge-key"),
    path("badges/revoked.json", badge_pages.revocations, name="badge-revocations"),
    path("badges/<uuid:award_id>/", badge_pages.BadgePage.as_view(), name="badge"),
    path("badges/<uuid:award_id>/credential.jwt", badge_pages.credential, name="badge-credential"),
]
