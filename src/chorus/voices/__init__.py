"""Voices: corpora of speech as people have them on disk, cut, packed, dealt by speaker; networks that hear them."""
