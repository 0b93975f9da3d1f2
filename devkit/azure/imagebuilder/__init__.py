"""Microsoft.VirtualMachineImages: Image Builder's own templates and their triggers, kept and not built."""
