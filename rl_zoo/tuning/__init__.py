"""Search for hyperparameters: spaces, study, objective, report."""
