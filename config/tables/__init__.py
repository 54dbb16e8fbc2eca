"""Tables that people bring and take away, as CSV or as a workbook."""
