"""Where state lives; the folder is named in one place for measure and account."""

from __future__ import annotations

from jevons.world.home import home

__all__ = ["home"]
