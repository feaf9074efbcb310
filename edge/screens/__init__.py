"""The screens that a display can be, a file each, and the keyboard of a console."""
