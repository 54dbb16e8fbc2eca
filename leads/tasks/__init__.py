"""What workers do for leads. Each may run twice or be killed at any point."""

from leads.tasks import agent

__all__ = ["agent"]
