"""The face detectors, a file each."""
