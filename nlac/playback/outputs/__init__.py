"""Where sound goes: a device, or a program that plays."""
