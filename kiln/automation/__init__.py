"""What starts builds by itself: the occasions of triggers, the index of who hears of events, and their secrets."""
