"""Batch workloads: what the operator reads of Jobs, CronJobs and pods."""
