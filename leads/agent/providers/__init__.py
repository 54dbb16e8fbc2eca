"""Who writes the agent's words, behind one small protocol."""
