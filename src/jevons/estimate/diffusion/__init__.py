"""Images and video by diffusion: the work, its seconds and joules, what fits, how sure it is."""
