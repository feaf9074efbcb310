"""The doctor's checks, a file for each thing that can be wrong; none changes anything, and none needs root."""
