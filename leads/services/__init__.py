"""What changes leads, what is said with them, and what we know."""
