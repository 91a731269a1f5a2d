"""A module that cannot be imported, as users write them."""

raise RuntimeError("this module is broken")
