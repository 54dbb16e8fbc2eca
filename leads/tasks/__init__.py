"""What workers do for leads. Each may run twice or be killed at any point."""

from leads.tasks import people  # noqa: F401  # so that workers find it
