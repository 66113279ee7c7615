"""From the queue to the end of a job."""
