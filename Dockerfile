# The service as an image: what is locked in requirements/, in a virtual environment, and nothing that builds.
#
#   docker build -t streamsum .                          # for an upstream of your own
#   docker build -t streamsum --build-arg EMBEDDED=1 .   # with the built-in model: 205 MB more
#
# The Python that the test suite runs on. Registries move tags: a release pins a digest (--build-arg PYTHON_IMAGE=…@sha256:…).
# checkov:skip=CKV_DOCKER_7: The tag stands in the argument.
ARG PYTHON_IMAGE=docker.io/library/python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# What changes seldom comes first. Wheels only: nothing is compiled, so nothing that compiles is needed.
# The secret is for whoever has an index of their own: --secret id=pip,src=pip.conf; it stays in no layer.
COPY requirements/build.txt requirements/image.txt requirements/embedded.txt requirements/
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python -m venv --without-pip /opt/streamsum \
    && python -m pip install --only-binary :all: --require-hashes --no-deps -r requirements/build.txt \
    && python -m pip --python /opt/streamsum/bin/python install \
        --only-binary :all: --require-hashes --no-deps -r requirements/image.txt

ARG EMBEDDED=0
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    if [ "$EMBEDDED" = 1 ]; then \
      python -m pip --python /opt/streamsum/bin/python install \
        --only-binary :all: --require-hashes --no-deps -r requirements/embedded.txt; \
    fi

COPY pyproject.toml README.md LICENSE ./
COPY streamsum streamsum
RUN python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && python -m pip --python /opt/streamsum/bin/python install --no-deps --no-index dist/*.whl


FROM ${PYTHON_IMAGE}
# The base image brings what installs packages; a service needs none of it.
RUN python -m pip uninstall --quiet --yes --root-user-action=ignore setuptools wheel pip \
    && python -c "import ensurepip, shutil; shutil.rmtree(ensurepip.__path__[0])"

# The threads of the built-in model come from GCC's OpenMP. Its version is whatever goes with the base image.
ARG EMBEDDED=0
# hadolint ignore=DL3008
RUN if [ "$EMBEDDED" = 1 ]; then \
      apt-get update && apt-get install --yes --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*; \
    fi

COPY --from=build /opt/streamsum /opt/streamsum

ENV PATH=/opt/streamsum/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1

ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="streamsum" \
      org.opencontainers.image.description="Summaries that arrive one validated bullet at a time" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# A number, so that Kubernetes can tell that it is not root. It owns nothing here, and nothing is written but /tmp.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080
# SIGTERM is what drains: running summaries have STREAMSUM_DRAIN_S (30 s) to end, so give `docker stop` --time 50.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 CMD ["python", "-I", "-c", "\
from http.client import HTTPConnection as C; c = C('127.0.0.1', 8080, timeout=2); c.request('GET', '/healthz'); \
raise SystemExit(c.getresponse().status != 200)"]

ENTRYPOINT ["streamsum"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]
