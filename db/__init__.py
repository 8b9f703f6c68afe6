"""PostgreSQL and PostGIS: the schema, the SQL functions, and one typed function for each statement."""
