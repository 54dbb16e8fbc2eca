"""How this replica and what it depends on are, as clients and orchestrators ask it."""
