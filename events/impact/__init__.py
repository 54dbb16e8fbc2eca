"""What was done together: sums over approved reports and visits, and the pages that tell them."""
