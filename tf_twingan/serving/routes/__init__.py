"""What the server answers, a module for each address or group of them."""
