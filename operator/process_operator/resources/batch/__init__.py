"""Batch workloads: the fields of Jobs, CronJobs and pods that the operator reads, one module for each kind.

Values are small and frozen, because the operator holds tens of thousands of them; fields that no decision reads are
dropped. The API server has validated every body. An absent field has the default of the API, and no field is rejected
here. All times are UTC.
"""
