"""Drawing on pictures: the overlay, the placeholder for a missing camera, and the blur of faces."""
