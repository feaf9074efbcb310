"""The images: loading them from any form in which people have them, choosing among them, augmenting them."""
