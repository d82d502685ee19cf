"""Monitor: the server of the web page. It has no rights of its own; `web/` has the page."""
