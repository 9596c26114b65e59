"""Reports: what the pages show, as something to print, to keep and to send. One `Document`, drawn as PDF, page, workbook and e-mail."""
