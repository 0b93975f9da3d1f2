"""Kiln's supply chain: its pinned packages, known vulnerabilities in them, and the list of them (SBOM)."""
