"""Speech: corpora as people have them on disk, cut, packed and dealt by speaker. Mono, 16 kHz, 16 bit."""
