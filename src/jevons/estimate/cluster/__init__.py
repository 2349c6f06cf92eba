"""Training on a cluster: what a step takes, how the model is spread, the hours, their power and the rows they become."""
