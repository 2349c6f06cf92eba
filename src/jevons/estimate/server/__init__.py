"""A server of language models: what is deployed, what a step costs, how many are in flight, what fits."""
