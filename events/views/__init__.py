"""The endpoints of events: reading, editing, and taking part."""
