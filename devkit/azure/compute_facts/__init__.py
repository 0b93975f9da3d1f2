"""What Microsoft.Compute says of itself: virtual machine sizes, where they can be had, and quotas."""
