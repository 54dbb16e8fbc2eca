"""What workers do for leads. Each may run twice or be killed at any point."""

from leads.tasks import agent, chat, follow_ups, knowledge, people, whatsapp

__all__ = ["agent", "chat", "follow_ups", "knowledge", "people", "whatsapp"]
