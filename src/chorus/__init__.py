"""chorus: which data should I train on, is the training healthy, and is the difference real?"""
