"""Training: the networks, what they are taught, and what a run leaves behind."""
