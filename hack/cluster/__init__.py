"""Real Kubernetes cluster on a bare machine, for tests and demos. Standard library only.

Read the modules in this order:

- `cli` (the commands), `lifecycle` (up, down, status),
- `control_plane` and `node` (the programs that are started, with their flags),
- `tools` and `go_toolchain` (the builds), `packages` (the Debian packages), `pki` (certificates), `images` (the local
  container images),
- `processes`, `cgroups`, `network` and `machine` (the changes to the machine), `teardown` (their removal),
- `layout` and `settings` (the files of a cluster, and its remembered settings),
- `api` (the health of the programs), `existing` (a cluster of the user), `console` (progress and waiting).
"""
