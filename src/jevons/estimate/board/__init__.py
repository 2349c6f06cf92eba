"""An edge board at batch 1: its law, how it was fitted, what surrounds the chip."""
