"""Face detectors, a file for each, and what they need."""
