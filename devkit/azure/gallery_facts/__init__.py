"""Facts of image definitions and versions that both the gallery and compute need: features, replication to regions."""
