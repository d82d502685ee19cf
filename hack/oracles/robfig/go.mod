// The oracle for cron expressions of 5 fields.
module process-operator.io/hack/oracles/robfig

go 1.26.0

require github.com/robfig/cron/v3 v3.0.1
