"""Tests of data/avatars."""
