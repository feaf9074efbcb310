"""Shows pictures on a display of this device, with or without a desktop, and reads its keyboard."""
