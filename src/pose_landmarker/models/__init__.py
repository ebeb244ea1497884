"""Model bundles: reading them, and having them."""
