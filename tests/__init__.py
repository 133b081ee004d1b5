"""Tests, one `<module>_test.py` a module, and the two modules they share."""
