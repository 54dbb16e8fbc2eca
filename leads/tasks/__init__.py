"""What workers do for leads. Each may run twice or be killed at any point."""

from leads.tasks import agent, follow_ups, knowledge, people, whatsapp

__all__ = ["agent", "follow_ups", "knowledge", "people", "whatsapp"]
