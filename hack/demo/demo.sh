#!/usr/bin/env bash
# Demo for `make demo`: the cluster that `cluster.sh` chooses, the CRDs, and all of examples/ in the namespace demo.
# The operator and the page of the Process Monitor are background processes. A second run starts the examples again.
#
# DEMO_SECONDS: seconds for which the runs are shown. DEMO_IMAGE: the image that stands in for localhost/busybox:1.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
seconds=${DEMO_SECONDS:-30}
image=localhost/busybox:1
if [[ ${CLUSTER:-} == existing ]]; then
    image=busybox:1
fi
image=${DEMO_IMAGE:-$image}

# As a person would type it, with the quotes.
show() {
    printf '\n$ kubectl %s\n' "$1"
    eval "kubectl $1"
}

found=$(hack/demo/cluster.sh up)
eval "$found"
tools=$("$python" hack/cluster path)
PATH=$PATH:$tools

kubectl apply --filename crds
kubectl wait --for=condition=Established --timeout=60s --filename crds >/dev/null
hack/demo/background.sh operator start

kubectl create namespace demo --dry-run=client --output yaml | kubectl apply --filename - >/dev/null
# Deleted with their requests: runs and Jobs of a demo before.
kubectl delete processrequests,processbackfills,process --all --namespace demo
for example in examples/*.yaml; do
    echo ---
    sed "s|localhost/busybox:1|$image|" "$example"
done | kubectl apply --namespace demo --filename -

printf '\nThe process monitor, for %s seconds:\n' "$seconds"
printf '\n$ kubectl get processruns --namespace demo --watch\n'
# Ended by the clock, which is no failure.
timeout "$seconds" kubectl get processruns --namespace demo --watch || (($? == 124))

show "--namespace demo get processrequests"
failed=$(kubectl get processruns --namespace demo --field-selector status.phase=Failed --output name | head -n 1)
if [[ $failed ]]; then
    show "--namespace demo get $failed --output jsonpath='{.status.phase}, exit code {.status.exitCode}{\"\\n\"}{.status.log.text}{\"\\n\"}'"
fi

hack/demo/background.sh monitor start
page=$(grep -m 1 '^http' "$(hack/demo/background.sh monitor log)")

cat <<END

The cluster, the operator and the page of the Process Monitor go on. The page, with a key that is for you alone:

  $page

To look further in a terminal:

  $found PATH="\$PATH:$tools:$PWD/${VENV:-.venv}/bin"

  kubectl process status -n demo                            # what runs, what failed, what comes
  kubectl -n demo get preq                                  # requests: schedule, last result, next run
  kubectl -n demo get prun -o wide                          # runs: trigger, exit code, reason
  kubectl -n demo describe preq every-10-seconds            # conditions and events
  kubectl process logs -n demo every-10-seconds
  kubectl process why -n demo daily

  kubectl process unschedule -n demo every-10-seconds --reason "a look at the pause"
  kubectl process schedule -n demo every-10-seconds
  kubectl process reschedule -n demo run-immediately
  kubectl process run -n demo daily --follow                # run it now
  kubectl process cancel -n demo NAME
  kubectl process monitor -n demo                           # another page, in your browser

The same without the plugin, by manifests and patches: docs/how-to/kubectl-recipes.md

The operator's log: $(hack/demo/background.sh operator log)
To stop all of them: make cluster-down${CLUSTER:+ CLUSTER=$CLUSTER}
END
