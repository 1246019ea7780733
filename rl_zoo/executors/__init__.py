"""Run many commands: processes of this machine, jobs of a cluster."""
