"""Microsoft.EventGrid: topics, system topics, event subscriptions, publishing, delivery and dead letters."""
