"""What the end-to-end tests stand on: the daemon under test, the servers it talks to, and clients of it."""
