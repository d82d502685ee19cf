"""What the API server holds, as frozen values: our three kinds, and what is read of Jobs, CronJobs and pods. Pure."""
