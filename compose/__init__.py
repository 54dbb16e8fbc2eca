"""What runs inside the containers before the application, with the standard library only."""
