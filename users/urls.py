"""Routes of accounts."""

from django.urls import path

from users.views import accounts, achievements, people, preferences, privacy, tokens

urlpatterns = [
    path("token/", tokens.obtain, name="token"),
    path("token/refresh/", tokens.refresh, name="token-refresh"),
    path("token/verify/", tokens.verify, name="token-verify"),
    path("token/logout/", tokens.logout, name="token-logout"),
    path("token/magic/", tokens.magic, name="token-magic"),
    path("token/magic/verify/", tokens.magic_verify, name="token-magic-verify"),
    path("users/register/", accounts.register, name="register"),
    path("users/email/confirm/", accounts.confirm_email, name="email-confirm"),
    path("users/email/confirm/send/", accounts.send_confirmation, name="email-confirm-send"),
    path("users/email/change/", accounts.change_email, name="email-change"),
    path("users/email/change/confirm/", accounts.confirm_email_change, name="email-change-confirm"),
    path("users/password/forgot/", accounts.forgot_password, name="password-forgot"),
    path("users/password/reset/", accounts.reset_password, name="password-reset"),
    path("users/password/change/", accounts.change_password, name="password-change"),
    path("users/profile/", people.ProfileView.as_view(), name="profile"),
    path("users/profile/export/", privacy.ExportView.as_view(), name="export"),
    path(
        "users/profile/notifications/",
        preferences.NotificationsView.as_view(),
        name="notifications",
    ),
    path("users/profile/avatar/", people.AvatarView.as_view(), name="avatar"),
    path("users/profile/statistics/", achievements.StatisticsView.as_view(), name="my-statistics"),
    path("users/profile/badges/", achievements.BadgesView.as_view(), name="my-badges"),
    path("users/leaderboard/", achievements.LeaderboardView.as_view(), name="leaderboard"),
    path("users/sessions/", people.SessionListView.as_view(), name="sessions"),
    path("users/sessions/<uuid:pk>/", people.SessionView.as_view(), name="session"),
    path("users/<int:pk>/", people.PublicProfileView.as_view(), name="person"),
]
