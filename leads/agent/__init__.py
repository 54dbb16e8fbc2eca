"""The agent: an explicit graph of small steps from a question to an answer with its source."""
