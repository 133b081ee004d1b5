"""Tests of the routes of the server."""
