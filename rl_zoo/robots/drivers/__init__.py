"""One robot interface per file."""
