"""What callers may do with flows: one verb a module. Verbs take values, never messages of a transport."""
