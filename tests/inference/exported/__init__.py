"""Tests of inference/exported."""
