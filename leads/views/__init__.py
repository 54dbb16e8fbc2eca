"""What clients may ask about leads; one module for each topic."""
