"""What happens beside learning: one callback per file."""
