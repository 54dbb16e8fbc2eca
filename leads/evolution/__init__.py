"""Evolution API, the gateway to WhatsApp, as it is on the wire: what it tells and is asked."""
