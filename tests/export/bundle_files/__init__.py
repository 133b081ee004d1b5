"""Tests of export/bundle_files."""
