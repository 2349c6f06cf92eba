"""Other people's frameworks: callbacks that begin, mark and end a run, one file a framework, loaded when asked for.

    from jevons.integrations.codecarbon import EmissionsTracker        instead of: from codecarbon import ...
    trainer.add_callback(jevons.integrations.hf_trainer.JevonsCallback())
"""
