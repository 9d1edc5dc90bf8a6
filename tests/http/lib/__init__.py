"""The bench: a real httpd, a small browser and the peers they talk to."""
