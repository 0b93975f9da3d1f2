"""Templates and runs as records: what is stored, how a status may change, and where it is kept."""
