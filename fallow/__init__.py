"""The command: a private database cluster, servers, migrations, demo data, an operator's work."""
