"""Tests of models/discriminators."""
