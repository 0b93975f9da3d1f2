"""What Kiln announces to the world and what it hears from it: names, payloads, the wire's form, the publisher."""
