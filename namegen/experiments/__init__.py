"""Experiments that train many networks and report the results: comparisons of backends, and sweeps of settings.

    plan (plan_comparison.py, plan_sweep.py)    lists × networks × backends × seeds
    ─► jobs (jobs.py)                           one measurement each
    ─► measurements (run.py, workers.py)        ``measure.py`` runs each job in a process of its own
    ─► rows (rows.py)                           a job with its result, one line of ``rows.jsonl``
    ─► summary (summary.py, ratios.py)          rows grouped by list, split and network
    ─► report (report.py, plots.py)             sentences, tables and plots
    ─► files (document.py)                      ``report.html``, ``report.md`` and PNG files

``experiment.py`` calls these steps in this order. ``README.md`` describes them.
"""
