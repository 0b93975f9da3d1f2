"""Guests, the virtual machines of the local Azure: real QEMU machines, or scripted ones for tests."""
