# The app and its trainer in one image; also the image that the docker backend trains in (ACADEMY_TRAINING_IMAGE).
#
#   docker build -t academy-trainer .
#   docker run -p 127.0.0.1:7860:7860 -v academy:/data academy-trainer
#
# For NVIDIA GPUs give a CUDA image with Python 3.11 or newer: --build-arg BASE_IMAGE="$DOCKER_CUDA_IMAGE", and run with --gpus all.
ARG BASE_IMAGE=python:3.11-slim
FROM ${BASE_IMAGE}

ENV DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1
RUN if ! command -v git >/dev/null || ! python3 -m venv --help >/dev/null 2>&1; then \
      apt-get update -qq && apt-get install -y -qq --no-install-recommends git python3 python3-venv ca-certificates && rm -rf /var/lib/apt/lists/*; \
    fi \
 && python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH

# The heaviest first, so that a change of the others does not fetch it again. PIP_EXTRA_INDEX_URL names another source of torch.
ARG TORCH_REQUIREMENT="torch>=2.9,<2.14"
ARG PIP_EXTRA_INDEX_URL
RUN pip install "${TORCH_REQUIREMENT}"
COPY requirements.txt requirements-academy.txt /opt/academy/
RUN pip install -r /opt/academy/requirements-academy.txt

COPY app.py /opt/academy/
COPY academy /opt/academy/academy
RUN useradd --uid 1000 --create-home academy && mkdir /data && chown academy /data && python -m compileall -q /opt/academy

USER academy
WORKDIR /opt/academy
ENV ACADEMY_DATA_DIR=/data HF_HOME=/data/huggingface
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD python -c "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ.get('ACADEMY_PORT', '7860') + '/api/v1/academy/health', timeout=4)"
ENTRYPOINT ["python", "app.py", "--host", "0.0.0.0"]
