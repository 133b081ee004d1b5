"""Tests of the face detectors."""
