"""chorus: which data should I train on, is the training healthy, and is the difference real?"""

import os

# NumPy chooses its kernels by the CPU, and those of AVX-512 round differently from those of AVX2. In the demo's audio
# that is a last bit; but a clip is named after its audio, and draws go by name: another CPU would draw another training
# set. It counts only before NumPy is loaded: src/survey.py, which makes the audio, imports this first.
if "NPY_ENABLE_CPU_FEATURES" not in os.environ:  # NumPy refuses both at once
    os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
