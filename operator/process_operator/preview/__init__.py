"""Preview: the `preview` command, which needs no cluster."""
