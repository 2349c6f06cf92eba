"""A footprint on paper: terminal, page, model card, standards, life cycle inventory. One file a form."""
