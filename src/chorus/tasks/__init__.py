"""What differs between a detector, a classifier and a regressor of scores: one small object each.

Everything else (batches, loop, early stopping, signals, storage, bootstrap) takes a task and asks it. Only here is it
looked at how many classes there are.
"""

from collections.abc import Mapping

from chorus.errors import DataError
from chorus.tasks.classification import Classification
from chorus.tasks.detection import DETECTION, Detection
from chorus.tasks.regression import Regression
from chorus.tasks.task import Focal, Task
from chorus.tasks.windows import clip_means, clip_scores

__all__ = [
    "DETECTION",
    "Classification",
    "Detection",
    "Focal",
    "Regression",
    "Task",
    "clip_means",
    "clip_scores",
    "described",
    "task_of",
]


def task_of(classes: tuple[str, ...]) -> Task:
    """The task of telling these classes apart: a detection where they are negative and positive.

    Raises:
        DataError: names that stand twice, or two that are not negative and positive.
    """
    return DETECTION if classes == DETECTION.classes else Classification(classes)


def described(description: Mapping[str, object]) -> Task:
    """The task of a head, from what `Task.description` wrote into its file.

    Raises:
        DataError: this describes no task.
    """
    for task in (Detection, Classification, Regression):
        if description.get("task") == task.name:
            return task.from_description(description)
    raise DataError(
        f"task is {description.get('task')!r}, which is none of detection, classification, regression"
    )
