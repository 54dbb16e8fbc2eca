"""HTTP in, one service call or one queryset, HTTP out."""
