"""Facts of Microsoft.Compute: virtual machine sizes, the regions that have them, and quotas."""
