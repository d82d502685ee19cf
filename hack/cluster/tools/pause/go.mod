// The program that holds a pod's namespaces: standard library only.
module process-operator.io/hack/tools/pause

go 1.22
