"""PostgreSQL: tables, repositories, migrations, bulk paths, and the server that ships with the package."""
