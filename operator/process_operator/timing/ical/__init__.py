"""iCalendar (RFC 5545): calendars of excluded times."""
