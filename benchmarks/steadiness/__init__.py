"""How far the results move when nothing but noise is added to the pictures."""
