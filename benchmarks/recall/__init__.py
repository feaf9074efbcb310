"""How many of the faces that a better, dearer search finds the app finds at first sight."""
