"""The parts of a report: rows are read and summed up, plots are laid out, and the page is rendered."""
