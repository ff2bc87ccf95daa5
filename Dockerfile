# Build: docker build -t karani .     Run: docker run -p 8000:8000 -v karani:/data karani
# Everything is fetched while building; at run time no network is needed.
# The base to the patch release; for a build that can be repeated to the byte, BASE=python@sha256:… as your registry tells it.
ARG BASE=python:3.11.14-slim-bookworm
FROM ${BASE} AS build
ARG TORCH="torch==2.13.0"
RUN python -m venv /opt/karani
ENV PATH=/opt/karani/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# torch first, so that nothing else chooses a build with CUDA; pass --build-arg TORCH=... for your CPU index.
RUN pip install ${TORCH}
WORKDIR /src
COPY pyproject.toml README.md LICENSE karani.py ./
COPY corpus corpus
COPY index index
COPY eval eval
COPY service service
RUN pip install '.[milvus,otel,postgres]'

ARG BASE
FROM ${BASE}
# poppler reads PDF text more exactly than the built-in reader.
RUN apt-get update && apt-get install -y --no-install-recommends poppler-utils \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --shell /usr/sbin/nologin --uid 10001 karani && install -d -o karani -g karani /data
COPY --from=build /opt/karani /opt/karani
ENV PATH=/opt/karani/bin:$PATH KARANI_DATA=/data PYTHAINLP_OFFLINE=1 HF_HUB_OFFLINE=1 PYTHONUNBUFFERED=1
# Where compiled loops are kept, also when everything but /tmp and /data is read-only.
ENV NUMBA_CACHE_DIR=/tmp/karani-compiled
USER karani
WORKDIR /home/karani
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=3s --start-period=60s \
    CMD python -c "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"
ENTRYPOINT ["karani"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
