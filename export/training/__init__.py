"""Training: the networks, their targets, and the files of a run."""
