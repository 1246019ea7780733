"""From YAML files and flags to one frozen, validated configuration."""
