"""Importing: schedules of other systems as manifests. Each module is pure: text or objects come in, manifests out."""
