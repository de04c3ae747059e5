"""What is run by hand or by CI, and never by the service."""
