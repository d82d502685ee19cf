"""Plugin: `kubectl process`, the two windows of an ERP as commands."""
