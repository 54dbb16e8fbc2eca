"""What workers do for leads. Each may run twice or be killed at any point."""

from leads.tasks import follow_ups

__all__ = ["follow_ups"]
