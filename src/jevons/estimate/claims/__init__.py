"""What a published card or row claims, and the rules by which its figures contradict each other."""
