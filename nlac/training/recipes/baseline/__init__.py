"""What a network has to beat: linear prediction, in NumPy, without training.

`lpc` is the textbook's, by autocorrelation and the Levinson-Durbin recursion. `joint` are least
squares over both channels of a stereo recording, as the codec solves them. `rice` counts the bits
of a residual.
"""
