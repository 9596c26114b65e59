"""Pages: one module per page. Importing this package adds every page."""
