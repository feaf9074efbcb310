"""How well following faces agrees with a search of every whole frame."""
