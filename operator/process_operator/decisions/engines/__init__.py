"""Engines: new runs by the operator itself or by a CronJob."""
