"""What happens without a request: jobs, done by any number of workers. The only layer that knows PgQueuer."""
