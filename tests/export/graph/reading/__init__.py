"""Tests of export/graph/reading."""
