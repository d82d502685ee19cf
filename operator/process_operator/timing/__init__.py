"""Calendars, time zones and cron: the instants at which a request is due.

The package is pure. Every instant is an argument, in UTC.
"""
