"""Tests, one `<module>_test.py` a module, and the modules they share."""
