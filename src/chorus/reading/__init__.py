"""Somebody's audio files, whatever their headers say: found whole, mended, or refused with a reason."""

from chorus.reading.layout import Layout, Stream
from chorus.reading.recording import Listener, Recording, examine

__all__ = ["Layout", "Listener", "Recording", "Stream", "examine"]
