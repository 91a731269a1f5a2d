"""PostgreSQL as every service of the mesh meets it: one database, a schema a service, the same time-outs and words.

Nothing here is imported at once: local mode reads the settings and never loads a driver.
"""
