"""The server of a page and an API for trained models."""
