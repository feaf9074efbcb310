"""The cameras, one file for each kind, and what they need."""
