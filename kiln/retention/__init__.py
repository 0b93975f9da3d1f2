"""Retention: it purges runs, versions and operations that are too old, histories of orchestrations, and orphans."""
