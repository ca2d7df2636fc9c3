"""opscom: administration of the permits, tokens and zones in Redis."""
