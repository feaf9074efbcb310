"""What a report is made of: rows are read, figures counted, plots drawn, a page put together."""
