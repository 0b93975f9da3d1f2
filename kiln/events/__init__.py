"""Events: those that Kiln announces (payloads, CloudEvents, outbox, publisher, journal), and those that it receives."""
