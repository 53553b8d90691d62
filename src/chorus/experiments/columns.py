"""What the columns of a table of runs are called."""

from __future__ import annotations

from chorus.clips import OOD_VALIDATION, TEST_IID, TEST_OOD

# What a detector's metrics begin with -> the split that they are of; the last where a survey has it.
JUDGED_BY = {"ood": TEST_OOD, "iid": TEST_IID, "ood_validation": OOD_VALIDATION}
_OF_A_SPLIT = ("f1", "precision", "recall", "auroc", "auprc", "oracle_best_f1")
METRICS = tuple(f"{split}.{metric}" for split in JUDGED_BY for metric in _OF_A_SPLIT)
COUNTS = ("positives", "negatives")
HEALTH = ("health.verdict", "health.findings")
IDENTITY = ("run", "seed", "signature", "splits", "version")
