"""What stood between the policy and the environment in training, one layer per file, in numpy."""
