"""API types as frozen values: the four kinds of the operator, and the fields of Jobs, CronJobs and pods that it reads.

The package is pure. It does no I/O and reads no clock.
"""
