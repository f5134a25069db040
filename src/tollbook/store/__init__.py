"""The one database: schema, migrations, the statements, and one file for each engine."""
