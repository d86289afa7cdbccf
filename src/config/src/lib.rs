//! The configuration file, from text to checked types; every error points into the file.
