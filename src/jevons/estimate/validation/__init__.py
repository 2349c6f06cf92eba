"""How good a prediction is: predicted beside observed, and the scores; what every engine's ``validate`` is made of."""
