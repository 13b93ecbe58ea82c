"""The server around the database: settings, versions, sessions, replication, archive, who may enter."""
