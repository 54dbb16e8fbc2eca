"""What may be done with accounts, sign-ins and the ledger; one module for each topic."""

from users.services.accounts import (
    confirm_email,
    confirm_email_change,
    deactivate,
    mail_email_change,
    mail_email_change_notice,
    overdue_welcomes,
    reactivate,
    register,
    request_email_change,
    welcome,
)
from users.services.ledger import (
    ReversalIsFinal,
    record_contribution,
    record_contributions,
    recount,
    reverse_contribution,
)
from users.services.lockout import LockedOut
from users.services.passwords import (
    change_password,
    confirm_password,
    mail_password_changed,
    mail_password_reset,
    request_reset,
    reset_password,
)
from users.services.sessions import (
    Device,
    begin_session,
    delete_expired_tokens,
    end_session,
    refresh_session,
    revoke_session,
    verify_token,
)
from users.services.signing_in import (
    WrongCredentials,
    mail_sign_in_link,
    request_sign_in_link,
    sign_in,
    sign_in_by_link,
)

__all__ = [
    "Device",
    "LockedOut",
    "ReversalIsFinal",
    "WrongCredentials",
    "begin_session",
    "change_password",
    "confirm_email",
    "confirm_email_change",
    "confirm_password",
    "deactivate",
    "delete_expired_tokens",
    "end_session",
    "mail_email_change",
    "mail_email_change_notice",
    "mail_password_changed",
    "mail_password_reset",
    "mail_sign_in_link",
    "overdue_welcomes",
    "reactivate",
    "record_contribution",
    "record_contributions",
    "recount",
    "refresh_session",
    "register",
    "request_email_change",
    "request_reset",
    "request_sign_in_link",
    "reset_password",
    "reverse_contribution",
    "revoke_session",
    "sign_in",
    "sign_in_by_link",
    "verify_token",
    "welcome",
]
