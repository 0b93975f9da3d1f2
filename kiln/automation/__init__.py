"""Documents that triggers need in order to fire: their pending events, the index of listeners, and secrets."""
