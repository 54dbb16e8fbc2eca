"""What of leads is answered over HTTP."""
