"""Configuration: one TOML file, environment overrides, and what every setting means."""
