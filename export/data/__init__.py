"""The images: reading them in every form in which people have them, choosing among them, making new views of them."""
