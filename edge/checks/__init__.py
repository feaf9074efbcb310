"""The checks of the doctor: they change nothing and need no root."""
