"""Everything that is drawn on pictures."""
