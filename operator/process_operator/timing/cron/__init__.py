"""Cron expressions: standard cron as robfig/cron reads it, Quartz, and the dialects that are rejected."""
