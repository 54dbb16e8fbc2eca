"""What is done with sound and pictures."""
