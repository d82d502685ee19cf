"""When a request is due: calendars, zones, the agenda. Pure: every instant comes in as an argument, in UTC."""
