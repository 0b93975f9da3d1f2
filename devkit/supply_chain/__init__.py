"""What Kiln is made of: its pinned packages, whether any is known to be vulnerable, and the list of them (SBOM)."""
