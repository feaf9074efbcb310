"""How fast and how right the line is on this very device; runs with what the Pi has, and draws where matplotlib is."""
