"""chorus: which data should I train on, is the training healthy, and is the difference real?"""

from chorus import pins

PINNED = pins.apply()  # before anything below loads NumPy or torch
