"""Make one measurement in a child process.

Each measurement has its own process, so that it starts with cold libraries, its memory can be measured, and a crash
doesn't affect the others. The modules for measuring are imported late, because a measurement must limit its threads
before NumPy is loaded, and because it includes imports in the start-up time.
"""

from __future__ import annotations

from dataclasses import replace

from namegen.children import Parent
from namegen.documents import Json, from_plain, to_plain
from namegen.errors import EngineError
from namegen.experiments.compare.document import (
    SUBJECTS,
    ExportSubject,
    GenerationSubject,
    ListSubject,
    Record,
    ReferenceSubject,
    Subject,
    TimingSubject,
    TrainingSubject,
)
from namegen.experiments.compare.request import Request


def measure(document: Json, parent: Parent) -> dict[str, Json]:
    """Make one measurement. A child process calls this function.

    Args:
        document: a ``Request`` as plain values.
        parent: contains the start time of the process.

    Returns:
        The record as plain values under ``record``. If this machine can't make the measurement, a sentence with the
        reason and a remedy under ``unavailable``.
    """
    try:
        request = from_plain(Request, document)
        record = make_record(replace(request, started=parent.started))
        return {"record": to_plain(record)}
    except EngineError as error:
        return {"unavailable": str(error)}


def make_record(request: Request) -> Record:
    """Make the measurement that a request describes."""
    subject: Subject = from_plain(SUBJECTS[request.kind], request.subject)
    match subject:
        case ListSubject():
            from namegen.experiments.compare.measure_list import measure_list

            return measure_list(request)
        case ReferenceSubject():
            from namegen.experiments.compare.measure_list import measure_reference

            return measure_reference(request, subject)
        case TrainingSubject():
            from namegen.experiments.compare.measure_training import measure_training

            return measure_training(request, subject)
        case TimingSubject():
            from namegen.experiments.compare.measure_training import measure_timing

            return measure_timing(request, subject)
        case ExportSubject():
            from namegen.experiments.compare.measure_generation import export_tflite

            return export_tflite(request, subject)
        case GenerationSubject():
            from namegen.experiments.compare.measure_generation import measure_generation

            return measure_generation(request, subject)
