"""Many runs as one thing, left and taken up again: algorithms x environments x seeds."""
