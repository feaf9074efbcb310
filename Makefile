# make run   the app on the demo camera at http://127.0.0.1:8080 (CAMERA=0 make run: a real one)
# make test  every check and test, with coverage        make check  the style, type and architecture checks alone
# make test-python313   the tests of what runs on the device, on Python 3.13 (part of make test where that is installed)
# make test-page-long   ten minutes of the page in a browser: it does not grow
# make test-service   the service on a real systemd, as root (minutes; SUITE=bookworm: on Debian 12)
# make test-rig   the display on a virtual GPU, with real keys; as root the service and a USB webcam, too (minutes)
# make model DATA=fer2013.npz   trains, converts and describes the model that ships (hours; an interrupted one goes on)
# make arm64 CLIP=FILE [YUNET=FILE]   counts a frame's arm64 instructions, and estimates its time on a Pi 4 and 5

PYTHON ?= python3
SUITE ?= trixie
CAMERA ?= demo
VENV := .venv
BIN := $(VENV)/bin
# Debian 13's Python beside Debian 12's, where it is installed.
PYTHON_313 ?= $(shell python3.13 -c "import venv" 2>/dev/null && echo python3.13)
VENV_313 := .venv-3.13
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
APT := $(if $(filter 0,$(shell id -u)),,sudo) apt-get

# The recipe of the model that ships.
DATA ?= fer2013.npz
RUNS ?= runs
MODEL ?= models/fer
SHARE ?= 0.4
# For a short version, which must not lie where the whole one would: RUNS=/tmp/runs MODEL=/tmp/fer TRAIN="--epochs 2"
# GATE="--tolerance 100 --recall-tolerance 101 --same-top 0.01".
TRAIN ?=
GATE ?=
EXPORT := $(BIN)/python -m export

.PHONY: run test check test-python313 test-page-long browser broker desktop promtool model systemd arm64 debian test-service test-rig clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp
	$(BIN)/python -m edge.run --camera "$(CAMERA)" $(ARGS)

test: check browser broker desktop promtool systemd
	$(BIN)/python -m pytest --cov
	$(if $(PYTHON_313),$(MAKE) test-python313,@echo "skipped: the tests on Python 3.13 (python3.13 is not installed)")

# What a Pi runs, with what is installed there; TensorFlow and the benchmarks of other programs stay on the workstation.
test-python313: browser broker desktop systemd
	test -x $(VENV_313)/bin/python || $(PYTHON_313) -m venv $(VENV_313)
	$(VENV_313)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test-device]"
	$(VENV_313)/bin/python -m pytest --ignore tests/export --ignore tests/benchmarks

check: $(VENV)/test.stamp
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python -m mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py

model: $(VENV)/test.stamp
	$(EXPORT) train --data $(DATA) --output $(RUNS)/fer --network residual --resume $(TRAIN)
	$(EXPORT) fold --run $(RUNS)/fer --data $(DATA) --original-share $(SHARE)
	$(EXPORT) convert --model $(RUNS)/fer/classifier.keras --calibration $(DATA) --output $(MODEL) $(GATE)
	$(EXPORT) card --model $(MODEL).float.onnx --data $(DATA)
	$(EXPORT) card --model $(MODEL).int8.onnx --float $(MODEL).float.onnx --data $(DATA)

test-page-long: $(VENV)/test.stamp browser
	$(BIN)/python -m pytest --capture=no tests/long_page.py

# The page is tested in a real browser, which is a Debian package.
browser:
	@command -v chromium >/dev/null || command -v apt-get >/dev/null || { \
	  echo "skipped: tests/test_browser.py (no chromium, and no apt-get to install it)"; exit 0; }; \
	command -v chromium >/dev/null || { \
	  $(APT) update -qq && $(APT) install -qq -y --no-install-recommends chromium >/dev/null; } || \
	  echo "skipped: tests/test_browser.py (chromium could not be installed)"

# Reports are tested at a real broker, which is a Debian package too.
broker:
	@PATH="$$PATH:/usr/sbin"; command -v mosquitto >/dev/null && command -v openssl >/dev/null || \
	  { command -v apt-get >/dev/null && $(APT) update -qq && \
	    $(APT) install -qq -y --no-install-recommends mosquitto openssl >/dev/null; } || \
	  echo "skipped: tests/sinks/test_mqtt.py (mosquitto could not be installed)"

# Prometheus' tool checks what it is told; out of the package, whose server nobody wants here.
promtool: $(VENV)/test.stamp
	@command -v promtool >/dev/null || test -x $(BIN)/promtool || ( \
	  $(APT) update -qq && cd $(VENV) && apt-get download -qq prometheus 2>/dev/null && \
	  dpkg-deb --fsys-tarfile prometheus_*.deb | tar -xO ./usr/bin/promtool > promtool && rm prometheus_*.deb && \
	  chmod +x promtool && mv promtool bin/ ) || echo "skipped: promtool's checks (the package could not be fetched)"

# A Debian root under build/appliance, in it a real systemd and the service from its installation to its removal.
test-service: $(VENV)/test.stamp debian
	SUITE=$(SUITE) $(BIN)/python -m pytest -s -p no:cacheprovider tests/appliance.py

# What makes a Debian root and boots it.
debian:
	@for command in debootstrap systemd-nspawn; do PATH="$$PATH:/usr/sbin"; command -v $$command >/dev/null || { \
	  $(APT) update -qq && $(APT) install -qq -y --no-install-recommends debootstrap systemd-container >/dev/null; }; done

# A kernel under build/rig, only unpacked; tests/rig/README.md tells of the machines that it boots.
test-rig: $(VENV)/test.stamp debian
	@PATH="$$PATH:/usr/sbin"; command -v qemu-system-x86_64 >/dev/null && command -v modprobe >/dev/null && \
	  test -x /bin/busybox || { $(APT) update -qq && \
	    $(APT) install -qq -y --no-install-recommends qemu-system-x86 busybox-static kmod >/dev/null; }
	@test -d build/rig/kernel || { mkdir -p build/rig && cd build/rig && \
	  apt-get download -qq "$$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p')" && \
	  dpkg-deb --extract linux-image-*.deb partial && rm linux-image-*.deb && mv partial kernel; }
	PATH="$$PATH:/usr/sbin" SUITE=$(SUITE) $(BIN)/python -m pytest -s -p no:cacheprovider tests/rig/display.py tests/rig/controls.py tests/rig/camera.py

# systemd judges its unit itself; strace sees what a run opens and connects to.
systemd:
	@command -v systemd-analyze >/dev/null && command -v strace >/dev/null || \
	  { command -v apt-get >/dev/null && $(APT) update -qq && \
	    $(APT) install -qq -y --no-install-recommends systemd strace >/dev/null; } || \
	  echo "skipped: tests/test_systemd.py, tests/test_phones_home.py (systemd, strace could not be installed)"

# QEMU's plugins need Debian 12's qemu-user.
arm64: $(VENV)/run.stamp
	@command -v qemu-aarch64 >/dev/null && command -v debootstrap >/dev/null && command -v gcc >/dev/null || \
	  { $(APT) update -qq && $(APT) install -qq -y --no-install-recommends qemu-user debootstrap gcc libc6-dev >/dev/null; }
	$(BIN)/python -m benchmarks.arm64 --clip "$(CLIP)" $(if $(YUNET),--yunet "$(YUNET)") $(ARGS)

# A window is tested on a virtual desktop, with a program at its keyboard.
desktop:
	@command -v xvfb-run >/dev/null && command -v openbox >/dev/null && command -v xdotool >/dev/null && command -v xwininfo >/dev/null || \
	  { command -v apt-get >/dev/null && $(APT) update -qq && \
	    $(APT) install -qq -y --no-install-recommends xvfb xauth openbox xdotool x11-utils x11-apps >/dev/null; } || \
	  echo "skipped: the window in tests/sinks/test_hdmi.py (xvfb could not be installed)"

$(VENV)/run.stamp: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/test.stamp: setup.cfg pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable ".[test]"
	touch $@

clean:
	rm -rf $(VENV) $(VENV_313) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .coverage
