"""What starts builds by itself: the pending events of triggers, the index of listeners, and secrets."""
