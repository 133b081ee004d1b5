"""Tests of export/formats."""
