"""Microsoft.Compute's machines, disks, images and marketplace of the local Azure."""
