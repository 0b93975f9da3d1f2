"""What a virtual machine is locally: a real QEMU machine, or a scripted one for tests."""
