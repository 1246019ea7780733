"""A simulated robot behind real wire protocols, in its own process."""
