"""One file a sensor; each offers ``discover(root)``, which answers what it found and, where nothing, why not."""
