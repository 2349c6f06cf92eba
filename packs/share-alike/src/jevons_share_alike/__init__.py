"""Share-alike factor tables for jevons; nothing but data, found through the entry point group ``jevons.packs``."""
