//! config.toml → Config; errors name file, line, key and allowed values.
