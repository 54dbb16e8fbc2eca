"""What workers do for leads. Each may run twice or be killed at any point."""

from leads.tasks import agent, knowledge, people, whatsapp

__all__ = ["agent", "knowledge", "people", "whatsapp"]
