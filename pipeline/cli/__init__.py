"""The `emonet` command: a file a group of commands. Thin: options in, the library called, errors in one line."""
