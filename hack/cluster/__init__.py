"""A real Kubernetes cluster on a bare machine, for tests and demos. Standard library only.

Read in this order: `cli` (the commands), `lifecycle` (up, down, status), `control_plane` and `node` (what is started,
with which flags). Beneath them: `tools` and `go_toolchain` (how the programs are built), `packages` (what Debian
brings), `pki` (certificates), `images` (the local container images), `processes`, `cgroups`, `network` and `machine`
(what is left on the machine and taken away again by `teardown`), `layout` and `settings` (where a cluster's files lie
and what it remembers), `api` (how the programs are), `existing` (a cluster of the user's own), `console` (progress
and waiting).
"""
