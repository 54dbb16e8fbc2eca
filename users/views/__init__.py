"""Views of accounts: one module for each topic."""
