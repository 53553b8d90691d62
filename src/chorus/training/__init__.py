"""Heads on embeddings: train them, keep them, score with them. Only training needs torch, and imports it late."""

from chorus.training.examples import Examples
from chorus.training.head import Head
from chorus.training.options import HeadOptions
from chorus.training.storage import SavedHead, load_head, save_head
from chorus.training.trainer import TrainedHead, train_head, untrained

__all__ = [
    "Examples",
    "Head",
    "HeadOptions",
    "SavedHead",
    "TrainedHead",
    "load_head",
    "save_head",
    "train_head",
    "untrained",
]
