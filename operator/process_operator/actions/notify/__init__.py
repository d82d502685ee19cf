"""Notifications: HTTP deliveries to receivers that the administrator configures."""
