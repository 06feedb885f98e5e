"""What every process needs to be operated: logging, redaction, authentication, health."""
