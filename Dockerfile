# The build stage makes a virtual environment with the wheels of the lock; the final stage holds that and nothing to build with.
#
# Where packages come from is the caller's affair: pip's settings pass through as build arguments, and a folder `wheels/`
# beside this file serves a build without network: --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=/src/wheels
ARG BASE_IMAGE=python:3.11-slim

FROM ${BASE_IMAGE} AS build
ARG PIP_INDEX_URL=
ARG PIP_EXTRA_INDEX_URL=
ARG PIP_NO_INDEX=
ARG PIP_FIND_LINKS=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
COPY . /src
# 1. A tool environment with pip and the build back-end. 2. The environment of the image, without pip. 3. The lock's wheels, each
# checked against its hash, never built. 4. This project.
RUN python3 -m venv /build \
 && /build/bin/pip install --quiet --only-binary :all: --require-hashes -r /src/requirements-build.lock \
 && python3 -m venv --without-pip /opt/casproxy \
 && /build/bin/pip --python /opt/casproxy/bin/python install --quiet --only-binary :all: --require-hashes -r /src/requirements-image.lock \
 && /build/bin/pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir /dist /src \
 && /build/bin/pip --python /opt/casproxy/bin/python install --quiet --no-deps --no-index /dist/*.whl \
 && /opt/casproxy/bin/python -m compileall -q /opt/casproxy/lib

FROM ${BASE_IMAGE}
ARG REVISION=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.title="casproxy" \
      org.opencontainers.image.description="An HTTPS reverse proxy that plays the Client Access server of an Exchange 2010 organisation" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT"
# What could install or build something goes; the user's own folder is /var/lib/casproxy, where the lab keeps its authority.
RUN rm -rf /usr/local/lib/python3*/site-packages/pip* /usr/local/lib/python3*/site-packages/setuptools* \
           /usr/local/lib/python3*/site-packages/wheel* /usr/local/bin/pip* /usr/local/lib/python3*/ensurepip \
           /usr/lib/python3*/ensurepip /usr/share/python-wheels \
 && echo 'casproxy:x:10001:10001:casproxy:/var/lib/casproxy:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'casproxy:x:10001:' >> /etc/group \
 && mkdir -p /etc/casproxy /var/lib/casproxy \
 && chown 10001:10001 /var/lib/casproxy
COPY --from=build /opt/casproxy /opt/casproxy
ENV PATH=/opt/casproxy/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CASPROXY_CONFIG=/etc/casproxy/casproxy.toml
USER 10001:10001
WORKDIR /var/lib/casproxy
VOLUME ["/var/lib/casproxy"]
# Browsers · plain HTTP that answers 308, and the lab's authority · admin, on loopback unless the settings say otherwise.
EXPOSE 8443 8080 9643
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 CMD ["casproxy", "healthcheck"]
ENTRYPOINT ["casproxy"]
CMD ["serve"]
