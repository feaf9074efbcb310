"""From a frame to readings: search, track, crop, classify and smooth, a file for each step."""
