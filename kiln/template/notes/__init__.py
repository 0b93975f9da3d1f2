"""What Kiln does with each property of AIB's language, and how that differs from AIB: for people and their editors."""
