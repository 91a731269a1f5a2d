"""TriggerFlow, behind the port the engine knows. The only importer of agently."""
