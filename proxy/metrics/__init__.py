"""What is counted and how it is told to Prometheus; counting happens in batches, never in a request's path."""
