"""How the policy of each algorithm becomes nodes of a graph."""
