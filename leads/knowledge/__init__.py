"""What we know, from a file or a page to the passages that answer a question."""
