"""What travels: bodies by media kind, parameters by style, credentials, keys. Never when or how often it is sent."""
