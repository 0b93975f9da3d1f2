"""What Kiln announces to the world and hears from it: names, payloads, the wire's form, the outbox, the publisher."""
