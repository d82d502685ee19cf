# syntax=docker/dockerfile:1
# The operator, and nothing that can build, download or install anything. BASE_IMAGE is any image with Python 3.11 or
# newer as `python3`, libstdc++ and CA certificates. Both stages use it, so that compiled files fit.
ARG BASE_IMAGE=python:3.13-slim

FROM ${BASE_IMAGE} AS build
# Files are dated by this, so that the same commit gives the same layer. Seconds since 1970, UTC.
ARG SOURCE_DATE_EPOCH=0
WORKDIR /build
RUN python3 -m venv /build/venv
COPY requirements/run.txt requirements/run.txt
RUN /build/venv/bin/pip install --no-cache-dir --no-compile --no-deps --require-hashes --target /opt/process-operator \
    --requirement requirements/run.txt
COPY hack/image/prune.py hack/image/prune.py
RUN python3 -I hack/image/prune.py /opt/process-operator
COPY operator/process_operator /opt/process-operator/process_operator
# Compiled here, because the root file system of the container is read-only. Unchecked hashes depend on no file date.
RUN python3 -I -m compileall -q --invalidation-mode unchecked-hash /opt/process-operator \
    && PYTHONPATH=/opt/process-operator python3 -c "import process_operator.app, process_operator.preview.command, process_operator.__main__" \
    && find /opt/process-operator -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH}" {} +

FROM ${BASE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="process-operator" \
    org.opencontainers.image.description="Background processes on Kubernetes: every execution is a ProcessRun." \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"
# The base may bring pip; nothing is installed in a container that runs.
RUN rm -rf /usr/local/lib/python3.*/site-packages/pip* /usr/local/bin/pip* /usr/local/lib/python3.*/ensurepip \
    /usr/lib/python3.*/ensurepip /usr/share/python-wheels
COPY --from=build /opt/process-operator /opt/process-operator
# USER by name: kopf asks who runs it, and a numeric user has no line in /etc/passwd.
ENV PYTHONPATH=/opt/process-operator \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    USER=process-operator
USER 65532:65532
ENTRYPOINT ["python3", "-m", "process_operator"]
CMD ["run"]
