"""Who is signed in, and how a browser gets there."""
