"""Published claims: card, registry, audit."""
