"""The settings: what they may hold, where they come from, and how they change while the program runs."""
