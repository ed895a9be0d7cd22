"""Run the HTTP server: processes, workers, limits of the HTTP edge."""
