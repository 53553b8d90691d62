"""chorus: which data should I train on, is the training healthy, and is the difference real?"""

import os

# NumPy chooses its kernels by the CPU, and those of AVX-512 round differently from those of AVX2. In the demo's audio
# that is a last bit; but a clip is named after its audio, and draws go by name: another CPU would draw another training
# set. It counts only before NumPy is loaded: scripts import `stage` first, and `stage` this.
os.environ.setdefault("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR")
